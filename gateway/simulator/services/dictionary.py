"""Translate short descriptions between Chinese and English, by a word list."""

import re

# English, then its Chinese. The first Chinese word is the one that is answered.
_WORDS = """
a: 一只 一个 一座 一条 一位 一幅 一艘 一棵 一朵 一辆 一片 一间 一匹 一名
two: 两只 两个 两座 两条 两位 两艘 两棵 两朵 两匹
three: 三只 三个 三座 三条 三位 三艘 三棵 三朵 三匹
many: 许多 很多
red: 红色的 红色 红
orange: 橙色的 橙色
yellow: 黄色的 黄色 黄
green: 绿色的 绿色 绿
blue: 蓝色的 蓝色 蓝
purple: 紫色的 紫色
pink: 粉色的 粉色 粉红色的 粉红色
white: 白色的 白色 白
black: 黑色的 黑色 黑
grey: 灰色的 灰色
golden: 金色的 金色
silver: 银色的 银色
old: 古老的 老 旧
young: 年轻的 年轻
small: 小小的 小的 小
large: 巨大的 大的 大
beautiful: 美丽的 美丽 漂亮的 漂亮
quiet: 安静的 宁静的
ancient: 古代的
cute: 可爱的 可爱
warm: 温暖的
fox: 狐狸
cat: 猫咪 猫
dog: 小狗 狗
horse: 马
bird: 小鸟 鸟
fish: 鱼
tiger: 老虎
lion: 狮子
bear: 熊
panda: 熊猫
rabbit: 兔子
dragon: 龙
butterfly: 蝴蝶
whale: 鲸鱼
crane: 仙鹤
girl: 女孩
boy: 男孩
woman: 女人
man: 男人
child: 孩子
astronaut: 宇航员
robot: 机器人
knight: 骑士
king: 国王
queen: 女王
house: 房子
cottage: 小屋
castle: 城堡
temple: 寺庙
tower: 塔
lighthouse: 灯塔
bridge: 桥
city: 城市
street: 街道
village: 村庄
garden: 花园
window: 窗户
door: 门
boat: 小船 船
train: 火车
bicycle: 自行车
car: 汽车
kite: 风筝
lantern: 灯笼
umbrella: 雨伞
book: 书
mountain: 山
river: 河流 河
lake: 湖
sea: 大海 海
seaside: 海边的 海边
beach: 海滩
forest: 森林
desert: 沙漠
island: 岛
waterfall: 瀑布
meadow: 草地
tree: 树
bamboo: 竹子
flower: 鲜花 花
rose: 玫瑰
lotus: 荷花
cherry blossoms: 樱花
sky: 天空
cloud: 白云 云
sun: 太阳
moon: 月亮
stars: 星星
rain: 雨
snow: 雪地 雪
mist: 薄雾 雾
wind: 风
fire: 火
sunrise: 日出
sunset: 日落
dawn: 黎明
night: 夜晚 夜
spring: 春天
summer: 夏天
autumn: 秋天
winter: 冬天
in: 在
on: 在上
under: 在下
and: 和
with: 带着
running: 奔跑的 奔跑
flying: 飞翔的 飞翔
sleeping: 睡觉的 睡觉
standing: 站着的 站着
sitting: 坐着的 坐着
dancing: 跳舞的 跳舞
portrait: 肖像
landscape: 风景
painting: 画
watercolour: 水彩
oil painting: 油画
ink painting: 水墨画
photograph: 照片
style: 风格
light: 光线 光
shadow: 影子
"""
# They say nothing that English has a word for.
_PARTICLES = "的 中 里 上 下 着 了 地"
_ARTICLES = {"an": "一只", "the": ""}
_TO_CHINESE: dict[str, str] = {}
_TO_ENGLISH: dict[str, str] = dict.fromkeys(_PARTICLES.split(), "")
for _line in _WORDS.strip().splitlines():
    _english, _, _names = _line.partition(":")
    _TO_CHINESE[_english] = _names.split()[0]
    _TO_ENGLISH |= dict.fromkeys(_names.split(), _english)
_TO_CHINESE |= _ARTICLES
_HAN = "[\u3400-\u9fff]"


def _any_of(words: dict[str, str]) -> str:
    return "|".join(map(re.escape, sorted(words, key=len, reverse=True)))


_KNOWN = _any_of(_TO_ENGLISH)
_CHINESE = re.compile(f"(?P<word>{_KNOWN})|(?P<other>(?:(?!{_KNOWN}){_HAN})+)")
_ENGLISH = re.compile(
    rf"\b(?P<word>{_any_of(_TO_CHINESE)})\b|(?P<other>[a-z][a-z'-]*)", re.IGNORECASE
)
_COMMAS = {"\N{FULLWIDTH COMMA}": ",", "\N{IDEOGRAPHIC COMMA}": ","}
_STOPS = {"\N{IDEOGRAPHIC FULL STOP}": "."}
_TO_ASCII = str.maketrans(_COMMAS | _STOPS)


def to_english(text: str) -> str:
    """Return a text with its Chinese words in English; unknown ones in brackets."""
    found = _CHINESE.sub(
        lambda m: f" {_TO_ENGLISH[m['word']]} " if m["word"] else f" [{m['other']}] ",
        text.translate(_TO_ASCII),
    )
    spaced = re.sub(r"\s+(?=[,.])", "", " ".join(found.split()))
    spaced = re.sub(r",(?=\S)", ", ", spaced)
    return re.sub(r"\ba (?=[aeiou])", "an ", spaced)


def to_chinese(text: str) -> str:
    """Return a text with its English words in Chinese; unknown ones in brackets."""
    found = _ENGLISH.sub(
        lambda m: _TO_CHINESE[m["word"].lower()] if m["word"] else f"[{m['other']}]",
        text,
    )
    return re.sub(r",\s*", "\N{FULLWIDTH COMMA}", re.sub(r"(?<!,)\s+", "", found))
