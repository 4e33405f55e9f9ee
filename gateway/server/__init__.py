"""The process behind its door: what is let in, how it stands, how it leaves."""
