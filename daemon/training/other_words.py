"""Everyday words for speech that is not meant for a home: people, deeds, things, places, in many
fields of life.
"""

from __future__ import annotations

from training.templates import names

SUBJECTS = names("""
i;you;he;she;we;they;it;the old man;my sister;her brother;the teacher;a young woman
the president;our neighbor;the doctor;everyone;nobody;the children;his father;their mother
the company;the government;the captain;a stranger;the soldiers;my friend;the lawyer;the farmer
the king;the princess;the scientist;the crowd;people;the students;the dog;a black cat;the river
the city;the minister;the players;the coach;the judge;the market;investors;the engineer
the author;my uncle;that boy;this country;the weather;the train;the museum;the singer
those girls;the police;the nurse;the queen;americans;the report
""")
VERBS = names("""
saw;found;made;took;gave;lost;wanted;needed;remembered;forgot;bought;sold;built;broke;carried
caught;chose;drew;drove;ate;felt;followed;heard;held;kept;knew;left;liked;loved;met;missed
painted;paid;pushed;read;reached;received;refused;said;sent;showed;stole;taught;thought about
threw;touched;understood;visited;watched;wrote;won;announced;criticized;discovered;examined
explained;imagined;introduced;invented;mentioned;observed;planned;promised;proposed;protected
published;rejected;reported;supported;talked about;walked past;worked on;laughed at;looked for
waited for;believed in;asked about;turned into;set up;turned on;turned off;opened;closed;locked
switched on;played;started;stopped;paused;cleaned;dimmed;changed;had;got;was
""")
THINGS = names("""
the book;a letter;the house;an old car;the answer;some money;the story;a picture;the table
the question;his hat;her coat;the truth;a bottle of wine;the newspaper;the mountain;a secret
the bridge;the ship;a horse;the painting;an apple;the game;the election;a new law;the budget
the football match;the championship;a contract;the agreement;the disease;the hospital;the theory
the machine;the experiment;the planet;the stars;the moon;a photograph;the garden wall;the piano
a violin;the song;the film;the dinner;the soup;breakfast;the chocolate cake;fresh bread
the kitchen table;the light of the moon;the lamp;the window;the front door;the music
the television;the radio;the fan club;a large amount of rain;the temperature of the sea;his keys
the map;the island;a boat;the airport;the ticket;the passport;the price of oil;the economy
the plan;a dream;the speech;my birthday;the wedding;the funeral;the meeting;that idea
the problem;the solution;the mistake;the difference;the knife;the gun;the treasure;the castle
a dragon;the forest;the village;the church;the school;the university;the library
""")
PLACES = names("""
in the morning;last night;yesterday;on monday;in the summer;at the station;by the river
near the sea;in london;in new york;across the street;behind the house;in the kitchen
in the bedroom;in the living room;at school;at work;after dinner;before the war;two years ago
in nineteen eighty four;for a long time;with great care;without a word;under the bridge
over the hills;every day;once upon a time;in the end;at midnight;on the telephone;in the garden
for the first time;around the world;in his opinion;because of the rain;despite everything
with a smile;to the north;from the beginning;in the middle of the road;this week
""")
ADJECTIVES = names("""
beautiful;terrible;strange;wonderful;expensive;difficult;important;ugly;happy;tired;angry;lovely
broken;famous;quiet;dangerous;interesting;boring;delicious;serious;impossible;possible;cheap
funny;sad;heavy;empty;full;dirty;clean;modern;ancient;perfect;curious;brave;nervous;gentle
clever;stupid;wise;honest;rich;poor;hungry;thirsty;sick;healthy;bright;dark;warm;cold;hot;wet
""")
FILLERS = (
    """
and;but;so;because;when;if;while;although;that;which;who;then;however;of course;you know;i mean
well;actually;perhaps;maybe
""".replace("\n", "")
    .strip(";")
    .split(";")
)
FOREIGN: dict[str, str] = {
    "de": """
        der die das und ist nicht ein eine ich du wir haben heute morgen haus licht küche wetter
        schön warum fenster bitte danke guten tag schalte das licht im wohnzimmer an mach die
        tür zu freund arbeit straße immer vielleicht zwanzig grad können müssen gehen kommen
        sehen wasser brot zeit jahr stadt kind frau mann
    """,
    "fr": """
        le la les un une et est pas je tu nous vous avons maison lumière cuisine bonjour merci
        beaucoup pourquoi fenêtre allume ferme la porte dans le salon aujourd'hui demain temps
        travail rue toujours peut-être vingt degrés aller venir voir eau pain année ville enfant
        femme homme ouvrir musique
    """,
    "es": """
        el la los las un una y es no yo tú nosotros tenemos casa luz cocina buenos días gracias
        mucho por qué ventana enciende cierra la puerta en el salón hoy mañana tiempo trabajo
        calle siempre quizás veinte grados ir venir ver agua pan año ciudad niño mujer hombre
        abrir música
    """,
    "it": """
        il la i le un una e non io tu noi abbiamo casa luce cucina buongiorno grazie molto
        perché finestra accendi chiudi la porta nel soggiorno oggi domani tempo lavoro strada
        sempre forse venti gradi andare venire vedere acqua pane anno
    """,
    "nl": """
        de het een en is niet ik jij wij hebben huis licht keuken goedemorgen dank je wel waarom
        raam zet de lamp aan doe de deur dicht in de woonkamer vandaag morgen weer werk straat
        altijd misschien twintig graden gaan komen zien water
    """,
    "pl": """
        dom światło kuchnia dzień dobry dziękuję bardzo dlaczego okno włącz zamknij drzwi w
        salonie dzisiaj jutro pogoda praca ulica zawsze może dwadzieścia stopni iść widzieć woda
        chleb rok miasto dziecko kobieta
    """,
    "sv": """
        huset ljus kök god morgon tack så mycket varför fönster tänd lampan stäng dörren i
        vardagsrummet idag imorgon väder arbete gata alltid kanske tjugo grader gå komma se
        vatten bröd år stad barn kvinna man
    """,
    "cmn": """
        打开 客厅 的 灯 关闭 窗帘 今天 天气
        怎么样 明天 下雨 我们 喜欢 音乐 老师 学生 中国 北京
        谢谢 你好 电视 空调 二十 六 度 厨房 卧室 门 请 什么 时候
    """,
    "ja": """
        でんき を つけて ください きょう の てんき は どう です か
        ありがとう おはよう だいどころ しんしつ まど しめて
        おんがく みず とけい がっこう
    """,
    "ru": """
        дом свет кухня доброе утро спасибо большое почему окно включи закрой дверь в гостиной
        сегодня завтра погода работа улица
    """,
    "pt-br": """
        a casa luz cozinha bom dia muito obrigado por que janela acenda feche a porta na sala
        hoje amanhã tempo trabalho rua sempre
    """,
    "tr": """
        ev ışık mutfak günaydın teşekkürler neden pencere aç kapat kapı salonda bugün yarın hava
        iş sokak her zaman belki yirmi derece
    """,
    "hu": """
        ház fény konyha jó reggelt köszönöm szépen miért ablak kapcsold be zárd be az ajtót ma
        holnap idő munka utca mindig talán
    """,
}
