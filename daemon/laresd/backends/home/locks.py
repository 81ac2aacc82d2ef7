"""What guards the house: locks and alarm panels, and the codes that they may ask for.

A code comes with the action, as its parameter `code`; it goes out in the command's template and is
never shown. Who may act on these at all is not decided here.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable

from laresd.backends.home.settings import (
    Changes,
    Codec,
    Params,
    Settings,
    Unsupported,
    Write,
    Writer,
    one_of,
)
from laresd.types import Command, EntityState, Json

REMOTE_CODES = ("REMOTE_CODE", "REMOTE_CODE_TEXT")  # the panel itself checks what it is sent
LOCK_STATES = ("locked", "unlocked", "locking", "unlocking", "jammed", "open", "opening")
ALARM_STATES = frozenset(
    {
        *("disarmed", "armed_home", "armed_away", "armed_night", "armed_vacation"),
        *("armed_custom_bypass", "pending", "arming", "disarming", "triggered"),
    }
)
ARMING = {  # supported_features to the state that it leads to
    "arm_home": "armed_home",
    "arm_away": "armed_away",
    "arm_night": "armed_night",
    "arm_vacation": "armed_vacation",
    "arm_custom_bypass": "armed_custom_bypass",
}

Send = Callable[[str, Json], list[Write]]  # payload and code


def _sender(settings: Settings, variable: str) -> Send | None:
    """What publishes a command and its code. `variable`: the command's name in the template."""
    topic, retain = settings.topic("command_topic"), settings.flag("retain")
    if not topic:
        return None
    template = settings.template("command_template")

    def send(payload: str, code: Json) -> list[Write]:
        if template is None:
            return [Write(topic, payload, retain)]
        known: dict[str, Json] = {"value": payload, variable: payload, "code": code}
        return [Write(topic, template.write(known), retain, secret=code is not None)]

    return send


def lock(settings: Settings) -> Codec:
    """`code_format`: the lock wants a code with every command."""
    send, wants_code = _sender(settings, "value"), settings.has("code_format")
    words = {settings.text(f"state_{word}", word.upper()): word for word in LOCK_STATES}
    reset = settings.text("payload_reset", "None")
    writers: dict[Command, Writer] = {}
    payloads = {
        Command.LOCK: settings.text("payload_lock", "LOCK"),
        Command.UNLOCK: settings.text("payload_unlock", "UNLOCK"),
    }
    if settings.has("payload_open"):
        payloads[Command.OPEN] = settings.text("payload_open")
    if send is not None:
        writers = {
            command: _with_code(send, payload, wants_code) for command, payload in payloads.items()
        }

    def read(value: str) -> Changes:
        return {"state": "unknown" if value == reset else words[value]}

    readers = settings.reader("state_topic", "value_template", read)
    return Codec(readers, writers, optimistic=settings.optimistic)


def _with_code(send: Send, payload: str, wants_code: bool) -> Writer:
    def write(params: Params, state: EntityState) -> list[Write]:
        code = params.get("code")
        if wants_code and code is None:
            raise Unsupported("it wants a code")
        return send(payload, code)

    return write


def alarm_control_panel(settings: Settings) -> Codec:
    """SET_MODE with the state that is wanted: disarmed, armed_home, armed_away and so on."""
    send = _sender(settings, "action")
    features = settings.texts("supported_features", tuple(ARMING))
    modes = ("disarmed", *(ARMING[name] for name in features if name in ARMING))
    writers: dict[Command, Writer] = {}
    if send is not None:
        payloads = {
            mode: settings.text(f"payload_{name}", name.upper()) for name, mode in ARMING.items()
        }
        payloads["disarmed"] = settings.text("payload_disarm", "DISARM")
        checked = _code_check(settings)

        def set_mode(params: Params, state: EntityState) -> list[Write]:
            mode = one_of(str(params.get("mode", "")), modes)
            return send(payloads[mode], checked(mode, params.get("code")))

        writers[Command.SET_MODE] = set_mode

    def read(value: str) -> Changes:
        if value == "None":
            return {"state": "unknown"}
        return {"state": value} if value in ALARM_STATES else {}

    readers = settings.reader("state_topic", "value_template", read)
    return Codec(readers, writers, features=frozenset({"mode"}), options=modes)


def _code_check(settings: Settings) -> Callable[[str, Json], Json]:
    """As Home Assistant does it: a code in the announcement is compared before anything is sent."""
    wanted = settings.text("code")
    required = {
        True: settings.flag("code_disarm_required", True),
        False: settings.flag("code_arm_required", True),
    }

    def checked(mode: str, code: Json) -> Json:
        if not wanted or not required[mode == "disarmed"]:
            return code
        if code is None:
            raise Unsupported("it wants a code")
        if wanted in REMOTE_CODES or hmac.compare_digest(wanted.encode(), str(code).encode()):
            return code
        raise Unsupported("the code is wrong")

    return checked
