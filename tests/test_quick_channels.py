"""The page's connection with its kernel sends every packet at once."""

import asyncio
import json
import pkgutil

from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection
from jupyter_server.services.kernels.websocket import KernelWebsocketHandler

import course


def test_the_courses_server_settings_name_a_connection_that_does_not_wait(tmp_path, monkeypatch):
    course.write_lab_settings(tmp_path)
    settings = json.loads((tmp_path / "etc/jupyter/jupyter_server_config.json").read_text())
    named = pkgutil.resolve_name(settings["ServerApp"]["kernel_websocket_connection_class"])
    assert issubclass(named, ZMQChannelsWebsocketConnection)
    asked = []

    async def connect(self):
        asked.append("connect")

    monkeypatch.setattr(ZMQChannelsWebsocketConnection, "connect", connect)
    monkeypatch.setattr(KernelWebsocketHandler, "set_nodelay", lambda self, x: asked.append(x))
    connection = named.__new__(named)
    connection.websocket_handler = KernelWebsocketHandler.__new__(KernelWebsocketHandler)
    asyncio.run(connection.connect())
    assert asked == [True, "connect"]
