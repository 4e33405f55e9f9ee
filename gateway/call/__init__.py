"""Decides how a call goes: pure, no clock, no network, nothing from outside this folder."""
