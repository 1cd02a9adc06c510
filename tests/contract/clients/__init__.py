"""The clients by their letters in the table."""

from __future__ import annotations

from typing import Final

from tests.contract.clients.admin_webui import AdminWebui
from tests.contract.clients.ai_sdk import AiSdk
from tests.contract.clients.base import Client
from tests.contract.clients.chatgpt_next import ChatgptNext
from tests.contract.clients.chatgpt_web import ChatgptWeb
from tests.contract.clients.chatnio import Chatnio
from tests.contract.clients.chuanhu import Chuanhu
from tests.contract.clients.comfly import Comfly
from tests.contract.clients.geekai import Geekai
from tests.contract.clients.lobe import Lobe
from tests.contract.clients.react_app import ReactApp
from tests.contract.clients.relay import Relay
from tests.contract.clients.uniai import Uniai
from tests.contract.clients.wechat_bot import WechatBot
from tests.contract.clients.wechat_plugin import WechatPlugin

CLIENTS: Final[tuple[Client, ...]] = (
    ChatgptWeb(),
    ChatgptNext(),
    Lobe(),
    AdminWebui(),
    Relay(),
    Chatnio(),
    Geekai(),
    Comfly(),
    AiSdk(),
    Uniai(),
    WechatPlugin(),
    Chuanhu(),
    WechatBot(),
    ReactApp(),
)
