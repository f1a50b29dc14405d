# SPDX-License-Identifier: BSD-3-Clause
"""A scripted XMPP user on slixmpp, in a thread and a network namespace of its own."""

import asyncio
import logging
import queue
import ssl
import threading
import time

import netns

logging.getLogger("slixmpp").setLevel(logging.ERROR)
from slixmpp import ClientXMPP  # noqa: E402  (it logs while it is imported)

XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


class _Client(ClientXMPP):
    def __init__(self, owner, jid, password, ca_file):
        super().__init__(jid, password)
        self.ca_certs = ca_file
        self.ssl_version = ssl.PROTOCOL_TLS_CLIENT
        self._owner = owner
        self.add_event_handler("session_start", self._started)
        self.add_event_handler("message", owner.on_message)
        self.add_event_handler("message_error", owner.on_message)
        self.add_event_handler("failed_auth", lambda _: owner.ready.put("authentication failed"))
        self.add_event_handler("presence_error", owner.on_presence)

    async def _started(self, _):
        self.send_presence()
        self._owner.ready.put(None)


class XmppUser:
    """Logged in once the constructor returns."""

    def __init__(self, namespace, address, jid, password, ca_file):
        self.jid = jid
        self.ready, self.messages, self.errors = queue.Queue(), queue.Queue(), queue.Queue()
        self.presence_errors = queue.Queue()
        self._loop = None
        self._client = None
        self._thread = threading.Thread(
            target=self._main, args=(namespace, address, jid, password, ca_file), daemon=True
        )
        self._thread.start()
        problem = self.ready.get(timeout=20)
        if problem:
            raise RuntimeError(f"{jid}: {problem}")

    def _main(self, namespace, address, jid, password, ca_file):
        netns.enter(namespace)
        self._loop = asyncio.new_event_loop()
        asyncio.set_event_loop(self._loop)
        self._client = _Client(self, jid, password, ca_file)
        self._client.loop = self._loop
        self._client.connect((address, 5222))
        self._loop.run_forever()

    def on_message(self, message):
        error = message.xml.find("{jabber:client}error")
        kept = {
            "at": time.monotonic(),
            "from": str(message["from"]),
            "id": message["id"],
            "type": message.xml.get("type", "normal"),
            "body": message["body"],
            "subject": message["subject"],
            "thread": message["thread"],
            "lang": message.xml.get(XML_LANG),
        }
        if error is None:
            self.messages.put(kept)
            return
        names = [child.tag.split("}")[1] for child in error]
        kept["condition"] = next((name for name in names if name != "text"), None)
        kept["error_type"] = error.get("type")
        kept["text"] = next((child.text for child in error if child.tag.endswith("}text")), None)
        self.errors.put(kept)

    def on_presence(self, presence):
        self.presence_errors.put(str(presence["from"]))

    def _call(self, function):
        done = queue.Queue()

        def call():
            try:
                done.put((function(), None))
            except Exception as problem:  # handed to the caller's thread
                done.put((None, problem))

        self._loop.call_soon_threadsafe(call)
        result, problem = done.get(timeout=10)
        if problem:
            raise problem
        return result

    def send(self, to, body, subject=None, thread=None, lang=None, stanza_id=None, kind="chat"):
        """Send a message; returns its id."""

        def build():
            message = self._client.make_message(mto=to, mbody=body, msubject=subject, mtype=kind)
            if thread:
                message["thread"] = thread
            if lang:
                message.xml.set(XML_LANG, lang)
            message["id"] = stanza_id or self._client.new_id()
            message.send()
            return message["id"]

        return self._call(build)

    def send_raw(self, stanza):
        self._call(lambda: self._client.send_raw(stanza))

    def receive(self, timeout_s=10.0):
        return self.messages.get(timeout=timeout_s)

    def receive_error(self, timeout_s=10.0):
        return self.errors.get(timeout=timeout_s)

    def close(self):
        async def leave():
            self._client.disconnect(wait=0.5)
            await asyncio.sleep(0.1)
            rest = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
            for task in rest:
                task.cancel()
            await asyncio.gather(*rest, return_exceptions=True)
            self._loop.stop()

        asyncio.run_coroutine_threadsafe(leave(), self._loop)
        self._thread.join(timeout=5)
