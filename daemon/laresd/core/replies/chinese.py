"""What Lares says in Simplified Chinese."""

from __future__ import annotations

from datetime import datetime

from laresd.core.intent.meaning import Trouble
from laresd.core.replies.phrasebook import Phrasebook
from laresd.types import Command


def _time(now: datetime) -> str:
    return f"现在是{now.hour}点{now.minute}分。" if now.minute else f"现在是{now.hour}点整。"


def _date(now: datetime) -> str:
    day = "一二三四五六日"[now.weekday()]
    return f"今天是{now.year}年{now.month}月{now.day}日，星期{day}。"


CHINESE = Phrasebook(
    did={
        Command.TURN_ON: "已打开{names}。",
        Command.TURN_OFF: "已关闭{names}。",
        Command.TOGGLE: "已切换{names}。",
        Command.OPEN: "已打开{names}。",
        Command.CLOSE: "已关上{names}。",
        Command.STOP: "{names}已停止。",
        Command.SET_POSITION: "{names}已调到{position}%。",
        Command.SET_TILT: "{names}的叶片已调到{tilt}%。",
        Command.LOCK: "{names}已上锁。",
        Command.UNLOCK: "{names}已解锁。",
        Command.SET_TEMPERATURE: "{names}已设为{temperature}度。",
        Command.SET_MODE: "{names}已设为{mode}。",
        Command.SET_SPEED: "{names}已调到{percentage}%。",
        Command.PRESS: "已按下{names}。",
        Command.ACTIVATE: "已启动{names}。",
        Command.SELECT: "{names}已设为{option}。",
        Command.SET_VALUE: "{names}已设为{value}。",
        Command.PLAY: "{names}开始播放。",
        Command.PAUSE: "{names}已暂停。",
        Command.NEXT: "{names}播放下一首。",
        Command.PREVIOUS: "{names}播放上一首。",
        Command.SET_VOLUME: "{names}音量已调到{volume_pct}%。",
        Command.MUTE: "{names}已静音。",
        Command.UNMUTE: "{names}已取消静音。",
        Command.START: "{names}已启动。",
        Command.DOCK: "{names}正在返回基站。",
        Command.ADD_ITEM: "已将{item}加入{names}。",
        Command.COMPLETE_ITEM: "{names}中的{item}已完成。",
    },
    did_light="{names}已设为{what}。",
    already={
        Command.TURN_ON: "{names}已经开着。",
        Command.TURN_OFF: "{names}已经关着。",
        Command.OPEN: "{names}已经开着。",
        Command.CLOSE: "{names}已经关着。",
        Command.LOCK: "{names}已经锁着。",
        Command.UNLOCK: "{names}已经没锁。",
        Command.SET_VALUE: "{names}已经是这样了。",
    },
    no_answer="{names}没有响应。",
    unavailable="{names}离线。",
    unsupported="{names}做不到。",
    failed="无法连接{names}：MQTT 服务器没有响应。",
    delayed="{names}需要等待：MQTT 服务器没有响应，若很快恢复便会执行。",
    trouble={
        Trouble.UNKNOWN_DEVICE: "没有叫{name}的设备。",
        Trouble.NOTHING_THERE: "没有找到{kind}。",
        Trouble.AMBIGUOUS: "你指的是哪一个：{names}？",
        Trouble.UNSUPPORTED: "{name}做不到。",
        Trouble.READ_ONLY: "我知道{name}的状态，但没办法控制它。",
        Trouble.OUT_OF_RANGE: "{name}的范围是{minimum}到{maximum}。",
        Trouble.LATER: "我还不能稍后执行，只能现在执行。",
        Trouble.NO_RELATIVE: "我不知道{name}现在的数值，请直接说百分之几。",
        Trouble.ONE_ROOM: "我只能启动{name}，不能让它只打扫{area}。",
        Trouble.DANGEROUS: "我不确定你指的是{name}，请说完整的名字。",
    },
    nothing_there_in="{area}没有{kind}。",
    kinds={
        "light": ("灯", "灯"), "switch": ("开关", "开关"), "fan": ("风扇", "风扇"),
        "cover": ("窗帘", "窗帘"), "valve": ("阀门", "阀门"), "lock": ("门锁", "门锁"),
        "climate": ("空调", "空调"), "media_player": ("播放器", "播放器"),
        "vacuum": ("扫地机器人", "扫地机器人"), "todo": ("清单", "清单"),
        "temperature": ("温度计", "温度计"), "window": ("窗户", "窗户"), "door": ("门", "门"),
        "curtain": ("窗帘", "窗帘"), "blind": ("百叶窗", "百叶窗"), "garage": ("车库门", "车库门"),
        "device": ("设备", "设备"),
    },
    count="{n}个{kind}",
    colors={
        "white": "白色", "black": "黑色", "red": "红色", "orange": "橙色", "yellow": "黄色",
        "green": "绿色", "blue": "蓝色", "purple": "紫色", "violet": "紫罗兰色", "brown": "棕色",
        "pink": "粉色", "turquoise": "青绿色", "cyan": "青色", "magenta": "品红色",
        "gray": "灰色", "gold": "金色",
    },
    percent="{value}%",
    kelvin="{value}开尔文",
    degrees="{value}度",
    joined=("、", "和"),
    either=("、", "还是"),
    in_room="{area}的{name}",
    be=("", ""),
    state_is="{names}{state}。",
    states={
        "on": "开着", "off": "关着", "open": "开着", "closed": "关着", "locked": "锁着",
        "unlocked": "没锁", "opening": "正在打开", "closing": "正在关闭", "heat": "正在制热",
        "cool": "正在制冷", "playing": "正在播放", "paused": "已暂停", "idle": "空闲",
        "home": "在家", "not_home": "不在家", "cleaning": "正在清扫", "docked": "在基站",
        "returning": "正在返回基站",
    },
    light_at="{state}，亮度{percent}",
    measured="{name}是{value}{unit}。",
    units={"°C": "度", "°F": "华氏度", "W": "瓦", "kWh": "度电"},
    yes="是的。",
    no="不是。",
    yes_told="是的，{told}",
    yes_which="是的：{names}。",
    no_but="不是，{names}{state}。",
    not_all="不是，{names}不是。",
    none="没有。",
    how_many="{n}个：{names}。",
    temperature="现在{value}度。",
    temperature_in="{area}{value}度。",
    unknown_state="我不知道{name}的状态。",
    time=_time,
    date=_date,
    talk={
        "nevermind": "好的。",
        "hello": "你好！",
        "commands": "我可以开关设备、调光、开合窗帘、上锁、查询状态和设置计时器。",
        "creator": "我是Lares，这个家的守护者。",
        "data": "你说的话只留在这个家里。",
        "listening": "只有听到唤醒词之后我才会听。",
    },
    not_understood="我没听懂。",
    not_understood_text="我没听懂“{text}”。",
    too_long="这句话太长了，请说短一点。",
    error="抱歉：{message}。",
    error_with_remedy="抱歉：{message}。{remedy}。",
    no_time="抱歉，时间太长了，请再说一次。",
    broken_off="抱歉，后面的回答没有了。",
)  # fmt: skip
