"""Simplified Chinese for the tolerant grammar."""

from __future__ import annotations

import re

from laresd.core.intent.colours import KELVIN
from laresd.core.intent.deeds import Verb
from laresd.core.intent.senses import Lexicon, PhraseBuilder, Sense

_DIGITS = "零一二三四五六七八九"
_COLORS = {
    "white": "白色|白光", "red": "红色|红", "orange": "橙色|橘色", "yellow": "黄色",
    "green": "绿色", "blue": "蓝色", "purple": "紫色", "brown": "棕色", "pink": "粉色|粉红色",
    "cyan": "青色", "gray": "灰色", "gold": "金色", "turquoise": "青绿色",
}  # fmt: skip


_MODES = {  # as people call them, in Home Assistant's words
    "制冷": "cool",
    "制热": "heat",
    "除湿": "dry",
    "送风": "fan_only",
    "自动": "auto",
    "离家": "away",
    "睡眠": "sleep",
    "舒适": "comfort",
    "节能": "eco",
    "静音": "quiet",
    "强劲": "boost",
}


def chinese() -> Lexicon:
    words = PhraseBuilder()
    _verbs(words)
    _devices(words)
    _values(words)
    _rest(words)
    add = "加到|添加到|加入到|加入|放到|放进|写到|加进"
    return Lexicon(
        phrases=words.built(),
        options=_MODES,
        modes=("模式", "档"),
        questions=frozenset("谁什怎为哪几多吗呢"),
        news=frozenset("雨雪晴股气"),
        add_item=(
            re.compile(rf"(?:请)?(?:把|将)(?P<item>.+?)(?:{add})(?P<list>.+?)(?:里|中|上|里面)?"),
            re.compile(
                r"(?:请)?(?:在|往)(?P<list>.+?)(?:里|中|上|里面)?(?:添加|加入|加上|加)(?P<item>.+)"
            ),
        ),
        complete_item=(
            re.compile(
                r"(?:把|将)(?P<list>.+?)(?:里|中|上)的(?P<item>.+?)(?:划掉|勾掉|标记为完成)"
            ),
        ),
    )


def _verbs(words: PhraseBuilder) -> None:
    words.verbs(
        {
            (Verb.ON, Verb.OPEN, Verb.ACTIVATE): "打开|开启|开|启用|点亮|开一下|打开一下",
            (Verb.OFF, Verb.CLOSE): "关闭|关掉|关上|关|关一下|熄灭|停用",
            (Verb.TOGGLE,): "切换",
            (Verb.OPEN,): "拉开|升起|升起来|升上去",
            (Verb.CLOSE,): "拉上|合上|降下|降下来|放下|放下来",
            (Verb.STOP, Verb.PAUSE): "停止|停下|停",
            (Verb.PAUSE,): "暂停",
            (Verb.PLAY,): "继续播放|继续|恢复播放",
            (Verb.PLAY, Verb.NEXT, Verb.PREVIOUS): "播放|放",
            (Verb.NEXT,): "下一首|下一曲|下一个|切歌|跳过",
            (Verb.PREVIOUS,): "上一首|上一曲|上一个",
            (Verb.PRESS,): "按下|按一下|按",
            (Verb.START, Verb.ACTIVATE, Verb.ON): "启动|开始",
            (Verb.ACTIVATE,): "执行|运行|激活",
            (
                Verb.SET,
            ): "设置为|设置到|设置成|设为|设成|调到|调成|调为|调至|设置|设定|变成|调整到|改成|换成",
            (Verb.MORE,): "调高|提高|增加|升高|调大|加大",
            (Verb.LESS,): "调低|降低|减少|调小|减小",
        }
    )
    words.verbs({(Verb.LOCK,): "锁上|上锁|锁好|反锁|锁", (Verb.UNLOCK,): "解锁|开锁"}, ("lock",))
    media = ("media_player",)
    words.verbs({(Verb.MUTE,): "静音", (Verb.UNMUTE,): "取消静音|恢复声音"}, media)
    words.verbs({(Verb.MORE,): "大声点|大声一点", (Verb.LESS,): "小声点|小声一点"}, media)
    words.verbs(
        {(Verb.MORE,): "调亮|亮一点|亮点|变亮", (Verb.LESS,): "调暗|暗一点|暗点|变暗"}, ("light",)
    )
    words.verbs({(Verb.MORE,): "热一点|暖一点", (Verb.LESS,): "冷一点|凉一点"}, ("climate",))
    words.verbs(
        {
            (Verb.START,): "打扫|清扫|扫地|开始打扫|开始清扫|吸尘",
            (Verb.DOCK,): "回充|回去充电|返回基站|回到基站|回基站|返回充电|充电|返回充电座",
        },
        ("vacuum", "lawn_mower"),
        needs_target=True,
    )


def _devices(words: PhraseBuilder) -> None:
    words.kinds({"": ("灯|电灯|灯光|台灯|吊灯|照明|壁灯|吸顶灯", "")}, ("light",))
    words.kinds({"": ("风扇|电扇|电风扇|吊扇|换气扇", "")}, ("fan",))
    words.kinds({"": ("开关|插座", "")}, ("switch",))
    words.kinds({"": ("阀门|水阀", "")}, ("valve",))
    words.kinds({"": ("空调|暖气|恒温器|温控器|地暖", "")}, ("climate",))
    words.kinds({"": ("扫地机|扫地机器人|吸尘器|机器人", "")}, ("vacuum",))
    words.kinds({"": ("割草机", "")}, ("lawn_mower",))
    words.kinds({"": ("场景|模式", "")}, ("scene", "script"))
    words.kinds({"": ("按钮", "")}, ("button", "input_button"))
    words.kinds({"": ("清单|购物清单|待办清单|待办事项|列表", "")}, ("todo",))
    words.kinds({"": ("电视|音箱|音乐|收音机|歌|歌曲|播放器|音响", "")}, ("media_player",))
    words.kinds(
        {
            "curtain": ("窗帘|帘子", ""),
            "blind": ("百叶窗|百叶帘", ""),
            "shutter": ("卷帘", ""),
            "awning": ("遮阳篷|遮阳棚", ""),
            "garage": ("车库门", ""),
            "gate": ("大门", ""),
            "window": ("窗户|窗", ""),
        },
        ("cover",),
    )
    words.kinds({"door": ("门", "")}, ("cover", "lock"))
    words.kinds({"": ("门锁|锁", "")}, ("lock",))


def _values(words: PhraseBuilder) -> None:
    for value in range(1, 101):
        for text in _spelled(value):
            words.add(Sense(number=float(value)), text)
    words.add(Sense(unit="percent"), "%|百分之")
    words.add(Sense(unit="degrees"), "度|摄氏度|°|° c")
    words.add(Sense(level=50.0), "一半|半")
    words.add(Sense(level=100.0), "最大|最亮|最高|全部打开|完全")
    words.add(Sense(level=1.0), "最小|最暗|最低")
    for color, phrases in _COLORS.items():
        words.add(Sense(color=color), phrases)
    words.add(Sense(kelvin=KELVIN["warm"]), "暖白色|暖白|暖光|暖色")
    words.add(Sense(kelvin=KELVIN["cool"]), "冷白色|冷白|冷光|冷色")
    words.add(Sense(kelvin=KELVIN["daylight"]), "日光")
    words.add(Sense(quality=True, implied=("light",)), "亮度|颜色|色温")
    words.add(Sense(quality=True, implied=("media_player",)), "音量|声音")
    words.add(Sense(quality=True, implied=("climate",)), "温度")
    words.add(Sense(quality=True, implied=("fan",)), "风速|转速")
    words.add(Sense(quality=True, tilt=True, implied=("cover",)), "叶片|叶片角度|百叶角度|帘片")


def _spelled(value: int) -> list[str]:
    tens, units = divmod(value, 10)
    if value == 100:
        return ["一百", "百"]
    if tens == 0:
        return [_DIGITS[units], "两"] if value == 2 else [_DIGITS[units]]
    head = "十" if tens == 1 else f"{_DIGITS[tens]}十"
    return [head + (_DIGITS[units] if units else "")]


def _rest(words: PhraseBuilder) -> None:
    words.add(Sense(every=True), "所有|全部|全|每个|都")
    words.add(Sense(everything=True), "所有设备|所有东西|全部设备|一切")
    words.add(Sense(here=True), "这里|这个房间|这边")
    words.add(Sense(link=True), "和|跟|以及|还有|然后|并且|并")
    words.add(
        Sense(filler=True),
        "把|将|的|了|请|请你|帮我|给我|帮忙|麻烦|麻烦你|能不能|可以|一下|吧|你|你好|现在|马上|立刻|"
        "里|里面|中|上|在|到|为|成|我想|我要|我想要|能|好吗|好|嗨|谢谢|个|盏|房间|让|给|一点|去|"
        "那|这|那个|这个|啊|呀|开始",
    )
    words.add(
        Sense(stop=True),
        "不|不要|别|没|没有|勿|无需|如果|要是|假如|当|的时候|之后|以后|之前|以前|明天|今天|昨天|今晚|"
        "晚上|早上|中午|下午|上午|凌晨|稍后|等|等会|分钟|小时|秒|点|点钟|吗|什么|为什么|谁|哪|哪里|怎么|"
        "多少|几|是|说|告诉|应该|可能|也许|忘|提醒|记得|星期|周|除了|他|她|我们|他们",
    )
