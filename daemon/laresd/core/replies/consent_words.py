"""What a language must bring to ask before an action, and to refuse one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from laresd.core.risk import Why
from laresd.types import Command


@dataclass(frozen=True, slots=True)
class ConsentWords:
    """One language's sentences. `deeds`: each command as something to be done to {names}."""

    deeds: Mapping[Command, str]
    confirm: str  # {deeds}
    pin: str  # {deeds}
    pin_again: str
    wrong_pin: str
    paused: str  # {minutes}
    no_pin: str  # {deeds}
    left: str
    late: str
    changed: str  # {names}
    nothing_asked: str
    refused: Mapping[Why, str]  # {deeds}; BY is for what was spoken
    refused_text: str  # {deeds}; for what was typed
    filtered: Mapping[str, str]  # by the kind of an input rule: text, rate, topic


ENGLISH = ConsentWords(
    deeds={
        Command.TURN_ON: "turn on {names}",
        Command.TURN_OFF: "turn off {names}",
        Command.TOGGLE: "switch {names}",
        Command.OPEN: "open {names}",
        Command.CLOSE: "close {names}",
        Command.STOP: "stop {names}",
        Command.SET_POSITION: "set {names} to {position} percent",
        Command.SET_TILT: "set the slats of {names} to {tilt} percent",
        Command.LOCK: "lock {names}",
        Command.UNLOCK: "unlock {names}",
        Command.SET_TEMPERATURE: "set {names} to {temperature} degrees",
        Command.SET_MODE: "set {names} to {mode}",
        Command.SET_SPEED: "set {names} to {percentage} percent",
        Command.PRESS: "press {names}",
        Command.ACTIVATE: "activate {names}",
        Command.SELECT: "set {names} to {option}",
        Command.SET_VALUE: "set {names} to {value}",
        Command.PLAY: "play {names}",
        Command.PAUSE: "pause {names}",
        Command.NEXT: "skip ahead on {names}",
        Command.PREVIOUS: "skip back on {names}",
        Command.SET_VOLUME: "set the volume of {names} to {volume_pct} percent",
        Command.MUTE: "mute {names}",
        Command.UNMUTE: "unmute {names}",
        Command.START: "start {names}",
        Command.DOCK: "send back {names}",
        Command.ADD_ITEM: "add {item} to {names}",
        Command.COMPLETE_ITEM: "check off {item} on {names}",
    },
    confirm="{deeds}: shall I?",
    pin="{deeds}: what is the PIN?",
    pin_again="I need the PIN for that. What is it?",
    wrong_pin="That is not the PIN. Once more, please?",
    paused="There were too many wrong PINs. I will take one again in {minutes} min.",
    no_pin="{deeds}: that needs a PIN, and none has been set.",
    left="All right, I will leave it.",
    late="That came too late, I have done nothing. Please ask again.",
    changed="{names} changed in the meantime, so I left it alone. Please ask again.",
    nothing_asked="I have not asked for anything.",
    refused={
        Why.RULE: "{deeds}: I am not allowed to do that.",
        Why.BY: "{deeds}: I am not allowed to do that by voice.",
        Why.SITE: "{deeds}: I am not allowed to do that from here.",
        Why.USER: "{deeds}: I do that only for certain people.",
        Why.TIME: "{deeds}: I am not allowed to do that at this time.",
        Why.POLICY: "{deeds}: that is not for you to command.",
        Why.UNKNOWN_DEVICE: "That device is gone.",
    },
    refused_text="{deeds}: I do that only when it is spoken.",
    filtered={
        "text": "I do not take text with such characters.",
        "rate": "That was a lot at once. Please try again in a moment.",
        "topic": "I will not help with that.",
    },
)

GERMAN = ConsentWords(
    deeds={
        Command.TURN_ON: "{names} einschalten",
        Command.TURN_OFF: "{names} ausschalten",
        Command.TOGGLE: "{names} umschalten",
        Command.OPEN: "{names} öffnen",
        Command.CLOSE: "{names} schließen",
        Command.STOP: "{names} anhalten",
        Command.SET_POSITION: "{names} auf {position} Prozent stellen",
        Command.SET_TILT: "die Lamellen auf {tilt} Prozent stellen ({names})",
        Command.LOCK: "{names} verriegeln",
        Command.UNLOCK: "{names} entriegeln",
        Command.SET_TEMPERATURE: "{names} auf {temperature} Grad stellen",
        Command.SET_MODE: "{names} auf {mode} stellen",
        Command.SET_SPEED: "{names} auf {percentage} Prozent stellen",
        Command.PRESS: "{names} drücken",
        Command.ACTIVATE: "{names} aktivieren",
        Command.SELECT: "{names} auf {option} stellen",
        Command.SET_VALUE: "{names} auf {value} stellen",
        Command.PLAY: "{names} spielen lassen",
        Command.PAUSE: "{names} pausieren",
        Command.NEXT: "auf {names} weiterspringen",
        Command.PREVIOUS: "auf {names} zurückspringen",
        Command.SET_VOLUME: "Lautstärke von {names} auf {volume_pct} Prozent stellen",
        Command.MUTE: "{names} stumm schalten",
        Command.UNMUTE: "den Ton von {names} anschalten",
        Command.START: "{names} starten",
        Command.DOCK: "{names} zurückschicken",
        Command.ADD_ITEM: "{item} auf {names} setzen",
        Command.COMPLETE_ITEM: "{item} auf {names} abhaken",
    },
    confirm="{deeds}: Soll ich?",
    pin="{deeds}: Wie lautet die PIN?",
    pin_again="Dafür brauche ich die PIN. Wie lautet sie?",
    wrong_pin="Das ist nicht die PIN. Noch einmal bitte?",
    paused="Das waren zu viele falsche PINs. In {minutes} Min. nehme ich wieder eine an.",
    no_pin="{deeds}: Dafür ist eine PIN nötig, und es ist keine gesetzt.",
    left="Gut, ich lasse es.",
    late="Das kam zu spät, ich habe nichts getan. Bitte frag noch einmal.",
    changed="{names}: Inzwischen ist etwas anders, darum habe ich nichts getan. Bitte noch einmal.",
    nothing_asked="Ich habe nichts gefragt.",
    refused={
        Why.RULE: "{deeds}: Das darf ich nicht.",
        Why.BY: "{deeds}: Das darf ich nicht auf Zuruf.",
        Why.SITE: "{deeds}: Das darf ich nicht von hier aus.",
        Why.USER: "{deeds}: Das tue ich nur für bestimmte Personen.",
        Why.TIME: "{deeds}: Das darf ich um diese Zeit nicht.",
        Why.POLICY: "{deeds}: Das darfst du nicht befehlen.",
        Why.UNKNOWN_DEVICE: "Dieses Gerät gibt es nicht mehr.",
    },
    refused_text="{deeds}: Das tue ich nur, wenn es gesprochen wird.",
    filtered={
        "text": "Text mit solchen Zeichen nehme ich nicht an.",
        "rate": "Das war viel auf einmal. Bitte gleich noch einmal.",
        "topic": "Dabei helfe ich nicht.",
    },
)

CHINESE = ConsentWords(
    deeds={
        Command.TURN_ON: "打开{names}",
        Command.TURN_OFF: "关闭{names}",
        Command.TOGGLE: "切换{names}",
        Command.OPEN: "打开{names}",
        Command.CLOSE: "关上{names}",
        Command.STOP: "停止{names}",
        Command.SET_POSITION: "把{names}调到{position}%",
        Command.SET_TILT: "把{names}的叶片调到{tilt}%",
        Command.LOCK: "锁上{names}",
        Command.UNLOCK: "解锁{names}",
        Command.SET_TEMPERATURE: "把{names}设为{temperature}度",
        Command.SET_MODE: "把{names}设为{mode}",
        Command.SET_SPEED: "把{names}调到{percentage}%",
        Command.PRESS: "按下{names}",
        Command.ACTIVATE: "启动{names}",
        Command.SELECT: "把{names}设为{option}",
        Command.SET_VALUE: "把{names}设为{value}",
        Command.PLAY: "播放{names}",
        Command.PAUSE: "暂停{names}",
        Command.NEXT: "{names}播放下一首",
        Command.PREVIOUS: "{names}播放上一首",
        Command.SET_VOLUME: "把{names}音量调到{volume_pct}%",
        Command.MUTE: "把{names}静音",
        Command.UNMUTE: "取消{names}静音",
        Command.START: "启动{names}",
        Command.DOCK: "让{names}返回",
        Command.ADD_ITEM: "将{item}加入{names}",
        Command.COMPLETE_ITEM: "完成{names}中的{item}",
    },
    confirm="{deeds}，可以吗？",
    pin="{deeds}需要密码，密码是多少？",
    pin_again="这需要密码，密码是多少？",
    wrong_pin="密码不对，请再说一次？",
    paused="密码错误次数太多，请{minutes}分钟后再试。",
    no_pin="{deeds}需要密码，但还没有设置密码。",
    left="好的，不动它。",
    late="太晚了，我什么也没做，请重新说。",
    changed="{names}的状态已经变了，我没有动它，请重新说。",
    nothing_asked="我没有问什么。",
    refused={
        Why.RULE: "我不能{deeds}。",
        Why.BY: "我不能通过语音{deeds}。",
        Why.SITE: "我不能从这里{deeds}。",
        Why.USER: "我只能为特定的人{deeds}。",
        Why.TIME: "我现在不能{deeds}。",
        Why.POLICY: "你不能让我{deeds}。",
        Why.UNKNOWN_DEVICE: "这个设备已经不在了。",
    },
    refused_text="我只能在语音要求时{deeds}。",
    filtered={
        "text": "我不接受含有这种字符的文字。",
        "rate": "请求太多了，请稍后再试。",
        "topic": "这个我帮不了。",
    },
)

BOOKS: Mapping[str, ConsentWords] = {"en": ENGLISH, "de": GERMAN, "zh": CHINESE}
