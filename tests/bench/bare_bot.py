"""The peer of the webhook benchmark: a bot that does nothing and keeps nothing."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from telegram import Update
from telegram.ext import Application, ContextTypes, MessageHandler, filters


async def nothing(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
    pass


def main() -> None:
    token, api_url, port = sys.argv[1:]
    bot = Application.builder().token(token).base_url(f"{api_url}/bot").updater(None).build()
    bot.add_handler(MessageHandler(filters.ALL, nothing))

    async def webhook(request: Request) -> Response:
        await bot.update_queue.put(Update.de_json(await request.json(), bot.bot))
        return Response()

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with bot:
            await bot.start()
            yield
            await bot.stop()

    app = Starlette(routes=[Route("/", webhook, methods=["POST"])], lifespan=lifespan)
    uvicorn.run(app, port=int(port), log_level="warning", access_log=False)


main()
