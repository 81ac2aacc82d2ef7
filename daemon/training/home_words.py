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
reading corner;shop;meeting room;conference room;classroom;stable;summer house;roof;lanai;parlor
powder room;half bath;bath;ensuite;en suite;vestibule;atrium;breakfast nook;nook;bonus room
rec room;hobby room;sewing room;art room;crawl space;patio door;back yard;front garden;back garden
side yard;side gate;carriage house;pergola;barbecue;outhouse;boathouse;dock;jetty;orchard;vineyard
chicken coop;garage door side;tool shed;bike shed;wash room;cloakroom;coat room;mezzanine;rooftop
fourth floor;penthouse;apartment;flat;dormitory;dorm;reception;waiting room;break room;lab
lecture hall;kitchenette;dinette;great room;living area;dining area;sleeping area;upstairs landing
downstairs toilet;upstairs office
""")
PEOPLE = """
anna ben carl claire daniel david emily emma eva frank grace hannah henry jack james jane john
julia kate laura leo lily linda lisa lucas lucy maria mark martin mary max mia michael mike mom
nina noah oliver olivia paul peter robert rose ruby sam sarah sophie steve susan thomas tim tom
will zoe dad grandma grandpa baby alex alice amy andrew charlie chris ella adam aaron abigail
amelia anthony ava bella bob brian catherine chloe diana dylan edward eleanor elizabeth eric ethan
felix fred george gina greg helen ian ivy isabella jacob jason jenny jessica jim joe joseph josh
judy karen kevin kim kyle liam louis luke madison megan mila monica nathan nick nora owen patrick
phil rachel ralph rebecca richard ryan samuel sean simon sofia sophia stella stephen susie teresa
theo tony victoria william zach aiden alan albert amber amanda angela ann annie arthur ashley
barbara becky benjamin beth betty bill bobby brandon brenda caleb cameron caroline carol cheryl
christine cindy clara connor craig crystal cynthia dan dave deborah dennis derek donna donald
dorothy doug elena elijah ellen erin evan evelyn fiona florence gabriel gary gloria gordon harper
harry heather holly hugo ingrid irene isaac jackson jamie jane janet jeff jennifer jeremy jerry
joan joel jonathan jordan joyce juan judith justin katherine kathy katie keith kelly ken kimberly
kristen larry lauren lawrence lee leon leslie levi liz logan lorenzo lori lou lucia luna lydia
lynn mandy marcus margaret marie marilyn mateo matthew melissa mason maya megan mel mike mitch
molly morgan nancy natalie nate neil nicole nico nolan pamela pat patricia patty penny pete philip
ray raymond reggie rick rita rob robin roger ron rosa roy russell ruth sally sandra sara scott
sebastian shane shannon sharon sheila shirley sid skylar stan stephanie stuart sue tara ted terry
tiffany tina todd tracy travis trevor tyler vanessa vera vince violet virginia walter wanda wayne
wendy wesley willow xavier yolanda yvonne zara
""".split()
LIGHT_NOUNS = names("""
light;lights;lamp;lamps;ceiling light;ceiling lights;floor lamp;table lamp;desk lamp;bedside lamp
night light;spotlight;spotlights;chandelier;light strip;led strip;strip lights;fairy lights
string lights;christmas lights;christmas tree;bulb;reading light;reading lamp;wall light
wall lights;pendant;pendant light;track lights;downlights;sconce;counter lights;cabinet lights
mirror light;vanity light;flood light;outdoor lights;path lights;overhead light;standing lamp
lava lamp;bookshelf light;shelf light;couch lamp;sofa lamp;nightstand;piano lamp;cupboard light
cabinet light;stair lights;aquarium light;step lights;rope light;neon sign;candles;lantern;torch
hue;moon lamp;salt lamp;globe;spot;beam;work light;monitor light;light bar
""")
SWITCH_NOUNS = names("""
switch;outlet;plug;socket;smart plug;heater;space heater;coffee maker;coffee machine;kettle
toaster;oven;stove;microwave;dishwasher;washing machine;washer;dryer;fridge;freezer;printer
computer;monitor;router;modem;server;charger;humidifier;dehumidifier;air purifier;sprinkler
sprinklers;irrigation;fountain;pump;pool pump;water heater;boiler;towel rail;iron;electric blanket
aquarium;fish tank;siren;alarm;doorbell;camera;speaker;speakers;radio;stereo;amplifier;subwoofer
console;projector;power strip;rice cooker;slow cooker;mixer;fireplace;hot tub;jacuzzi;diffuser
car charger;extractor;hood;echo;nest;roomba;receiver;decoder;beamer;scanner;laptop;tablet
phone charger;vacuum;washer;sewing machine;treadmill;heat lamp;air fryer;cooker;grill;smoker;fryer
blender;juicer;wall plug;extension cord;strip;motor;valve;water valve;gas valve;tap;fan heater
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
front door;back door;side door;garage door;main door;door;cellar door;patio door;balcony door;gate
shed door;front gate;entrance door;basement door;house door;kitchen door;safe;office door
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
morning;evening;night;christmas;goodbye;leaving home;coming home;welcome home;away;vacation;focus
work;cooking;sunset;sunrise;cleaning;gaming;yoga;wake up;sleep;rainbow;cozy;bright;dim
energy saving;guest;breakfast;lunch;study;meditation;chill;date night;all off;panic;homework
workout;story time;television;concentrate;spring;winter;summer;autumn;halloween;birthday;nap time
""")
ITEMS = names("""
milk;bread;eggs;butter;cheese;apples;bananas;coffee;tea;sugar;salt;pepper;rice;pasta;tomatoes
potatoes;onions;garlic;carrots;chicken;fish;beef;yogurt;orange juice;water;beer;wine;soap;shampoo
toothpaste;toilet paper;paper towels;dish soap;laundry detergent;dog food;cat food;batteries
light bulbs;flour;olive oil;chocolate;ice cream;cookies;lettuce;cucumber;peanut butter;jam;honey
cereal;oatmeal;ham;sausages;lemons;oranges;strawberries;call the dentist;buy flowers
""")
TIMER_NAMES = names("""
pizza;pasta;egg;eggs;tea;coffee;laundry;oven;cake;cookie;bread;chicken;rice;workout;nap;homework
kitchen;dinner;lunch;break;meeting;cooking;baking;potatoes;soup;steak;turkey;game;study;meditation
washing machine;dryer;sauna;parking;roast
""")

# Words that people name things after; any of them may stand before a device's noun.
THINGS = names("""
fish;cat;dog;bird;horse;lion;tiger;bear;wolf;fox;rabbit;turtle;dragon;unicorn;monkey;elephant
panda;owl;eagle;frog;star;stars;sun;cloud;rainbow;ocean;beach;island;mountain;river;lake;forest
jungle;desert;storm;thunder;lightning;snow;rain;sunshine;tree;flower;plant;plants;grass;palm
rose garden;cactus;bamboo;tulip;lily pad;orchid;ivy;herb;tomato;diamond;crystal;jewel;pearl;ruby
emerald;sapphire;copper;bronze;steel;iron;glass;wood;wooden;stone;brick;marble;velvet;tower;castle
bridge;temple;palace;pyramid;lighthouse;windmill;fountain;statue;museum;theater;stage;gallery
cinema;piano;guitar;drum;drums;violin;trumpet;organ;jukebox;karaoke;disco;vinyl;record;cassette
amp;mixer;synth;microphone;car;truck;bike;bicycle;scooter;boat;train;plane;rocket;tractor;trailer
camper;van;tesla;charger port;ladder;toolbox;drill;table;desk;chair;couch;sofa;bench;bed;crib
cradle;dresser;wardrobe;cabinet;cupboard;drawer;shelf;bookshelf;bookcase;mirror;sink;bathtub;tub
vanity;faucet;counter;countertop;island lamp;fridge light;pantry light;oven light;stove top
range hood;wall;ceiling;floor;corner;window sill;fireplace;mantle;chimney;stove;hearth;rug;carpet
curtain rod;banister;railing;steps;tank;pond;spa;jacuzzi;hot spring;waterfall;hose;sprayer;mister
feeder;cage;kennel;coop;dog house;bird house;cat flap;beehive;ender;printer bed;robot;drone
telescope;server rack;access point;hub;bridge light;dongle;bulb one;bulb two;tower fan;hallway one
zone one;zone two;zone three;channel one;input one;input two;hdmi one;hdmi two;game console;xbox
playstation;nintendo;sonos;alexa;google;apple;samsung;sony;lg;bosch;miele;philips;ikea;nanoleaf
govee;wiz;lifx;shelly;tuya;kasa;ecobee;honeywell;dyson;roborock;dreame;braava;neato;ring;arlo;wyze
eufy;yale;schlage;august;nuki;aqara;kodi;plex;roku;netflix;youtube;spotify;chromecast;fire stick
shield;vizio;denon;yamaha;bose;marantz;onkyo;jbl;klipsch;polk;tidal;deezer;good luck;happy hour
happy birthday;lights out;all clear;red alert;blue moon;full moon;bed time;tea time;play time
game day;lunch time;night owl;early bird;quiet time;deep clean;spring clean;power nap;turbo;boost
eco;comfort;sport;silent;manual;valentine;easter;thanksgiving;new year;sunday;monday;friday
saturday;weekend;weekday;midnight;noon;dawn;dusk;twilight;tropical;arctic;savanna;galaxy;aurora
northern lights;candle light;fire light;campfire;moonlight;starlight;soft light;bright light
cool light;warm light;natural light;energize;concentration;tokyo;paris;london;miami;honolulu;vegas
""")
# Said of one or of several.
COUNTED = """
light lamp door window blind curtain shade shutter fan speaker spotlight
""".split()
NAMES = sorted(
    {
        *LIGHT_NOUNS,
        *SWITCH_NOUNS,
        *FAN_NOUNS,
        *MEDIA_NOUNS,
        *COVER_NOUNS,
        *LOCK_NOUNS,
        *CLIMATE_NOUNS,
    }
)
RARE = sorted({*ROOMS, *THINGS, *ADJECTIVES, *(name.split()[0] for name in NAMES)})
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
        f"{dice.choice(THINGS)} {noun}": 25,
    }
    return dice.choices(list(forms), list(forms.values()))[0]
