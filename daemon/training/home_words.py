"""The names that home sentences are made of: rooms, devices, people, colours, numbers. All lower
case, words only.
"""

# ruff: noqa: SIM905 (a text of words reads better than a column of strings)

from __future__ import annotations

import random

from training.templates import names

ROOMS = names("""
kitchen;living room;bedroom;bathroom;hallway;hall;garage;office;basement;attic;dining room
guest room;guest bedroom;master bedroom;main bedroom;master bathroom;kids room;children's room
nursery;laundry room;utility room;study;den;library;playroom;game room;family room;sun room
conservatory;porch;front porch;back porch;patio;terrace;balcony;deck;garden;backyard;front yard
yard;driveway;entrance;entryway;entry;foyer;corridor;landing;stairs;staircase;stairwell;upstairs
downstairs;first floor;second floor;ground floor;third floor;top floor;cellar;pantry;closet
walk in closet;toilet;washroom;shower;lounge;workshop;shed;greenhouse;barn;pool;pool house;gym
home office;home theater;media room;music room;spare room;dressing room;mud room;storage room
server room;wine cellar;guest bathroom;upstairs bathroom;downstairs bathroom;house
upstairs hallway;downstairs hallway;loft;studio;bar;breakfast room;sitting room;drawing room
tv room;craft room;sauna;carport;mudroom;veranda;gazebo;cabin;cottage;alcove;courtyard;lobby
boiler room;bathroom one;bedroom two;girls room;boys room;parents room;north wing;east side
reading corner;shop;meeting room;conference room;classroom;stable;summer house;roof
""")
PEOPLE = """
anna ben carl claire daniel david emily emma eva frank grace hannah henry jack james jane john
julia kate laura leo lily linda lisa lucas lucy maria mark martin mary max mia michael mike mom
nina noah oliver olivia paul peter robert rose ruby sam sarah sophie steve susan thomas tim tom
will zoe dad grandma grandpa baby alex alice amy andrew charlie chris ella adam aaron abigail
amelia anthony ava bella bob brian catherine chloe diana dylan edward eleanor elizabeth eric
ethan felix fred george gina greg helen ian ivy isabella jacob jason jenny jessica jim joe joseph
josh judy karen kevin kim kyle liam louis luke madison megan mila monica nathan nick nora owen
patrick phil rachel ralph rebecca richard ryan samuel sean simon sofia sophia stella stephen
susie teresa theo tony victoria william zach
""".split()
LIGHT_NOUNS = names("""
light;lights;lamp;lamps;ceiling light;ceiling lights;floor lamp;table lamp;desk lamp
bedside lamp;night light;spotlight;spotlights;chandelier;light strip;led strip;strip lights
fairy lights;string lights;christmas lights;christmas tree;bulb;reading light;reading lamp
wall light;wall lights;pendant;pendant light;track lights;downlights;sconce;counter lights
cabinet lights;mirror light;vanity light;flood light;outdoor lights;path lights;overhead light
standing lamp;lava lamp;bookshelf light;shelf light;couch lamp;sofa lamp;nightstand;piano lamp
cupboard light;cabinet light;stair lights;aquarium light;step lights;rope light;neon sign
candles;lantern;torch;hue;moon lamp;salt lamp;globe;spot;beam;work light;monitor light;light bar
""")
SWITCH_NOUNS = names("""
switch;outlet;plug;socket;smart plug;heater;space heater;coffee maker;coffee machine;kettle
toaster;oven;stove;microwave;dishwasher;washing machine;washer;dryer;fridge;freezer;printer
computer;monitor;router;modem;server;charger;humidifier;dehumidifier;air purifier;sprinkler
sprinklers;irrigation;fountain;pump;pool pump;water heater;boiler;towel rail;iron
electric blanket;aquarium;fish tank;siren;alarm;doorbell;camera;speaker;speakers;radio;stereo
amplifier;subwoofer;console;projector;power strip;rice cooker;slow cooker;mixer;fireplace
hot tub;jacuzzi;diffuser;car charger;extractor;hood;echo;nest;roomba;receiver;decoder;beamer
scanner;laptop;tablet;phone charger;vacuum;washer;sewing machine;treadmill;heat lamp;air fryer
cooker;grill;smoker;fryer;blender;juicer;wall plug;extension cord;strip;motor;valve;water valve
gas valve;tap;fan heater
""")
FAN_NOUNS = names("""
fan;ceiling fan;exhaust fan;desk fan;floor fan;ventilation;extractor fan;ventilator;bathroom fan
fans
""")
MEDIA_NOUNS = """
tv;television;music;radio;speaker;speakers;stereo;sound bar;media player;soundbar;record player
smart tv;sound system
""".replace("\n", "").split(";")
COVER_NOUNS = names("""
blinds;blind;curtains;curtain;shades;shade;shutters;shutter;roller blind;roller blinds
roller shutter;awning;drapes;window;windows;door;garage door;gate;skylight;front gate;main gate
roof window;left curtain;right curtain;left blind;right blind;venetian blinds;damper;pet door
hatch;screen;left garage door;right garage door;driveway gate;sunshade
""")
LOCK_NOUNS = names("""
front door;back door;side door;garage door;main door;door;cellar door;patio door;balcony door
gate;shed door;front gate;entrance door;basement door;house door;kitchen door;safe;office door
screen door;apartment door;deadbolt;lock;door lock
""")
CLIMATE_NOUNS = names("""
thermostat;heating;heater;air conditioner;air conditioning;ac;a c;radiator;heat pump;climate
floor heating;underfloor heating;radiators;hvac;cooling;temperature;furnace
""")
ADJECTIVES = """
main big small little left right front back upper lower top bottom old new red blue green white
black tall corner side second outdoor indoor outside inside smart round square long short middle
center east west
""".split()
COLOURS = names("""
red;green;blue;yellow;orange;purple;pink;white;warm white;cool white;cold white;cyan;magenta
turquoise;violet;gold;teal;lavender;lime;amber;indigo;brown;light blue;dark blue;dark red
light green;dark green;silver;salmon;coral;beige;sky blue;soft white;daylight;navy blue;navy
maroon;olive;crimson;ivory;black;bright red
""")
SCENES = names("""
movie;movie night;movie time;party;romantic;good night;good morning;bedtime;dinner;relax;reading
morning;evening;night;christmas;goodbye;leaving home;coming home;welcome home;away;vacation
focus;work;cooking;sunset;sunrise;cleaning;gaming;yoga;wake up;sleep;rainbow;cozy;bright;dim
energy saving;guest;breakfast;lunch;study;meditation;chill;date night;all off;panic;homework
workout;story time;television;concentrate;spring;winter;summer;autumn;halloween;birthday
nap time
""")
ITEMS = names("""
milk;bread;eggs;butter;cheese;apples;bananas;coffee;tea;sugar;salt;pepper;rice;pasta;tomatoes
potatoes;onions;garlic;carrots;chicken;fish;beef;yogurt;orange juice;water;beer;wine;soap
shampoo;toothpaste;toilet paper;paper towels;dish soap;laundry detergent;dog food;cat food
batteries;light bulbs;flour;olive oil;chocolate;ice cream;cookies;lettuce;cucumber;peanut butter
jam;honey;cereal;oatmeal;ham;sausages;lemons;oranges;strawberries;call the dentist;buy flowers
""")
TIMER_NAMES = names("""
pizza;pasta;egg;eggs;tea;coffee;laundry;oven;cake;cookie;bread;chicken;rice;workout;nap;homework
kitchen;dinner;lunch;break;meeting;cooking;baking;potatoes;soup;steak;turkey;game;study
meditation;washing machine;dryer;sauna;parking;roast
""")

_UNITS = """
zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen
sixteen seventeen eighteen nineteen
""".split()
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]


def number_words(value: int) -> str:
    """0 to 999 in words, without hyphens: 75 is ``seventy five``."""
    if value < 20:
        return _UNITS[value]
    if value < 100:
        return (_TENS[value // 10 - 2] + " " + (_UNITS[value % 10] if value % 10 else "")).strip()
    rest = f" {number_words(value % 100)}" if value % 100 else ""
    return f"{_UNITS[value // 100]} hundred{rest}"


def device(nouns: list[str], dice: random.Random) -> str:
    """A device's spoken name without article: a noun, often with a room, a person or an adjective
    before it.
    """
    noun, room = dice.choice(nouns), dice.choice(ROOMS)
    person, adjective = dice.choice(PEOPLE), dice.choice(ADJECTIVES)
    forms = {
        f"{room} {noun}": 50,
        noun: 15,
        f"{adjective} {noun}": 13,
        f"{person}'s {noun}": 8,
        f"{room} {adjective} {noun}": 6,
        f"{person}'s {dice.choice(('room', 'bedroom', 'office', 'bathroom'))} {noun}": 4,
        f"{noun} {dice.choice(_UNITS[1:10])}": 4,
    }
    return dice.choices(list(forms), list(forms.values()))[0]
