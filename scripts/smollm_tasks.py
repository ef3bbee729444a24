#!/usr/bin/env python3
"""Writes the tasks of configs/smollm.yaml and configs/smollm-peers.yaml into a folder.

    scripts/smollm_tasks.py FOLDER

Fourteen tasks whose answers can be checked. Each has four wordings that prompts are drawn from, and two that are only evaluated (the
slice "TASK, new wording"). What a task is about, its payloads, is split by hash into training, development, gate and report: none is in
two of them. Each task has three pairs of solved examples, written by the same rules from payloads that are in no prompt.

prompts.jsonl and peers-prompts.jsonl hold no answers; they are in gold.jsonl, which no configuration names and only the tables of
scripts/smollm.py read. lessons.jsonl, from payloads that are not in peers-prompts.jsonl, makes the specialists of smollm-peers.yaml. The
same bytes follow on every machine.
"""

import hashlib
import json
import pathlib
import sys

NAMES = """Anna Ben Carla David Elena Felix Greta Hugo Irene Jonas Karla Leo Maria Nils Olga Paul Rosa Simon Tara Victor Wendy Yusuf
Zoe Adam Bella Chris Diana Edgar Fiona George Helen Ivan Julia Kevin Laura Martin Nina Oscar Petra Quentin Robert Sarah Thomas Ursula
Valerie Walter Alice Bruno Clara Dennis Emma Frank Gloria Henry Isabel James Karen Lucas Monica Nathan Olivia Peter Rachel Samuel
Teresa Vincent""".split()
CITIES = """Berlin Paris Madrid Rome Vienna Prague Warsaw Dublin Oslo Helsinki Lisbon Athens Budapest Brussels Zurich Geneva Munich
Hamburg Milan Naples Venice Seville Porto Lyon Marseille Bordeaux London Glasgow Leeds Bristol Boston Chicago Denver Seattle Dallas
Houston Atlanta Miami Toronto Montreal Vancouver Sydney Melbourne Perth Tokyo Osaka Kyoto Seoul Beijing Shanghai Delhi Mumbai Cairo
Nairobi Lagos Tunis Istanbul Moscow Kyiv Riga""".split()
ITEMS = """apple bread chair door egg fork glass hat ink jar key lamp map nail oven pen quilt rope spoon table umbrella vase window
yarn zipper basket candle drum envelope flute guitar hammer iron jacket kettle ladder mirror needle orange pillow ring saddle tent
violin wallet bottle carpet desk fence glove helmet bucket pencil towel soap brush shovel barrel ribbon button""".split()
PLURALS = """cat cats|dog dogs|book books|car cars|tree trees|house houses|box boxes|bus buses|dish dishes|church churches|class classes
|city cities|baby babies|lady ladies|story stories|party parties|leaf leaves|knife knives|wife wives|wolf wolves|life lives|child
 children|man men|woman women|foot feet|tooth teeth|mouse mice|goose geese|potato potatoes|tomato tomatoes|hero heroes|bird birds
|river rivers|mountain mountains|flower flowers|window windows|glass glasses|watch watches|brush brushes|fox foxes|country countries
|family families|berry berries|army armies|shelf shelves|thief thieves|loaf loaves|half halves|person people|ox oxen|chair chairs
|table tables|lamp lamps|bottle bottles|cloud clouds|stone stones|road roads|school schools|teacher teachers|friend friends|garden
 gardens|apple apples|orange oranges|peach peaches|bench benches|branch branches|coach coaches|match matches|tax taxes|kiss kisses
|boss bosses|penny pennies|puppy puppies|pony ponies|diary diaries|factory factories|library libraries|enemy enemies|calf calves
|scarf scarves|ship ships|boat boats|plane planes|train trains|bridge bridges|horse horses|sheep sheep|fish fish|deer deer|photo
 photos|piano pianos|radio radios|zoo zoos|toy toys|key keys|day days|monkey monkeys|valley valleys|roof roofs|cliff cliffs|chief chiefs|lamb lambs|spider spiders|candle candles|ladder ladders|hammer hammers|island
 islands|village villages|mirror mirrors|pencil pencils|crisis crises|basis bases|cactus cacti|fairy fairies|cherry cherries|lily lilies
|echo echoes|torch torches|witch witches|stitch stitches|dress dresses|cross crosses""".replace("\n", "")
OPPOSITES = """hot cold|big small|tall short|fast slow|happy sad|old young|rich poor|light dark|hard soft|wet dry|full empty|open closed
|early late|near far|high low|strong weak|clean dirty|loud quiet|heavy light|thick thin|wide narrow|deep shallow|sharp blunt|rough
 smooth|sweet bitter|true false|right wrong|good bad|first last|up down|in out|left right|day night|north south|east west|begin end
|start stop|buy sell|give take|push pull|love hate|win lose|laugh cry|arrive leave|remember forget|accept refuse|increase decrease
|inside outside|above below|before after|always never|same different|easy difficult|cheap expensive|safe dangerous|brave cowardly
|polite rude|patient impatient|possible impossible|visible invisible|alive dead|awake asleep|ancient modern|public private|simple
 complex|major minor|positive negative|success failure|victory defeat|war peace|question answer|entrance exit|summer winter|morning
 evening|black white|king queen|male female|husband wife|brother sister|uncle aunt|friend enemy|heaven hell|top bottom|front back
|maximum minimum|plural singular|guilty innocent|generous stingy|lazy hardworking|straight crooked|tight loose|sick healthy|noisy
 silent|raise lower|build destroy|lead follow|float sink|freeze melt|save spend|borrow lend|attack defend|praise blame|expand contract|appear disappear|connect disconnect
|agree disagree|honest dishonest|legal illegal|regular irregular|known unknown|lucky unlucky|fair unfair|advance retreat
|ascend descend|import export|stale fresh|temporary permanent|optimist pessimist""".replace("\n", "")
PASTS = """go went|eat ate|see saw|take took|come came|give gave|run ran|write wrote|drink drank|sing sang|swim swam|begin began|break
 broke|speak spoke|choose chose|drive drove|ride rode|rise rose|fly flew|grow grew|know knew|throw threw|draw drew|wear wore|tear tore
|buy bought|bring brought|think thought|catch caught|teach taught|fight fought|seek sought|sell sold|tell told|find found|hold held
|leave left|lose lost|keep kept|sleep slept|feel felt|meet met|send sent|spend spent|build built|lend lent|sit sat|stand stood
|understand understood|win won|make made|say said|pay paid|lie lay|hear heard|read read|cut cut|put put|hit hit|let let|shut shut
|walk walked|talk talked|play played|jump jumped|open opened|close closed|call called|help helped|work worked|stop stopped|plan
 planned|try tried|cry cried|carry carried|study studied|hurry hurried|live lived|love loved|move moved|use used|dance danced|visit
 visited|travel traveled|cook cooked|clean cleaned|watch watched|wash washed|finish finished|kick kicked|paint painted|shake shook|steal stole|freeze froze|hide hid|bite bit|blow blew|forget forgot|forgive forgave|wake woke|lead led|feed fed
|shine shone|shoot shot|dig dug|hang hung|sink sank|ring rang|stick stuck|sweep swept|weep wept|bend bent|deal dealt|mean meant|burn
 burned|answer answered|arrive arrived|decide decided|agree agreed""".replace("\n", "")
SENTENCES = {
    "English": """The weather is nice today.|I would like a cup of tea.|Where is the train station?|My sister lives in a small house.
|We are going to the cinema tonight.|He reads a book every week.|The children play in the garden.|Can you help me, please?|This
 restaurant is very expensive.|I lost my keys yesterday.|She works in a large office.|The dog sleeps under the table.|Tomorrow we will
 visit our friends.|The window is open.|He bought a new car.|I do not understand the question.|The shop closes at six.|They speak very
 quickly.|My brother plays the guitar.|The soup is too hot.|The train leaves in ten minutes.|Her father is a good cook.|I have never been to the sea.|Please close the door.|He forgot his umbrella again.|We had dinner with our neighbours.|The museum is free on Sundays.|My car does not start in winter.|Who wrote this letter?|She is learning to swim.""",
    "German": """Das Wetter ist heute schön.|Ich möchte eine Tasse Tee.|Wo ist der Bahnhof?|Meine Schwester wohnt in einem kleinen Haus.
|Wir gehen heute Abend ins Kino.|Er liest jede Woche ein Buch.|Die Kinder spielen im Garten.|Können Sie mir bitte helfen?|Dieses
 Restaurant ist sehr teuer.|Ich habe gestern meine Schlüssel verloren.|Sie arbeitet in einem großen Büro.|Der Hund schläft unter dem
 Tisch.|Morgen besuchen wir unsere Freunde.|Das Fenster ist offen.|Er hat ein neues Auto gekauft.|Ich verstehe die Frage nicht.|Das
 Geschäft schließt um sechs.|Sie sprechen sehr schnell.|Mein Bruder spielt Gitarre.|Die Suppe ist zu heiß.|Der Zug fährt in zehn Minuten ab.|Ihr Vater ist ein guter Koch.|Ich war noch nie am Meer.|Bitte mach die Tür zu.|Er hat wieder seinen Regenschirm vergessen.|Wir haben mit unseren Nachbarn gegessen.|Das Museum ist sonntags kostenlos.|Mein Auto springt im Winter nicht an.|Wer hat diesen Brief geschrieben?|Sie lernt gerade schwimmen.""",
    "French": """Il fait beau aujourd'hui.|Je voudrais une tasse de thé.|Où est la gare ?|Ma sœur habite dans une petite maison.|Nous
 allons au cinéma ce soir.|Il lit un livre chaque semaine.|Les enfants jouent dans le jardin.|Pouvez-vous m'aider, s'il vous plaît ?
|Ce restaurant est très cher.|J'ai perdu mes clés hier.|Elle travaille dans un grand bureau.|Le chien dort sous la table.|Demain nous
 rendrons visite à nos amis.|La fenêtre est ouverte.|Il a acheté une nouvelle voiture.|Je ne comprends pas la question.|Le magasin
 ferme à six heures.|Ils parlent très vite.|Mon frère joue de la guitare.|La soupe est trop chaude.|Le train part dans dix minutes.|Son père est un bon cuisinier.|Je ne suis jamais allé à la mer.|Fermez la porte, s'il vous plaît.|Il a encore oublié son parapluie.|Nous avons dîné avec nos voisins.|Le musée est gratuit le dimanche.|Ma voiture ne démarre pas en hiver.|Qui a écrit cette lettre ?|Elle apprend à nager.""",
    "Spanish": """Hoy hace buen tiempo.|Quisiera una taza de té.|¿Dónde está la estación?|Mi hermana vive en una casa pequeña.|Esta noche
 vamos al cine.|Él lee un libro cada semana.|Los niños juegan en el jardín.|¿Puede ayudarme, por favor?|Este restaurante es muy caro.
|Ayer perdí mis llaves.|Ella trabaja en una oficina grande.|El perro duerme debajo de la mesa.|Mañana visitaremos a nuestros amigos.
|La ventana está abierta.|Él compró un coche nuevo.|No entiendo la pregunta.|La tienda cierra a las seis.|Ellos hablan muy rápido.|Mi
 hermano toca la guitarra.|La sopa está demasiado caliente.|El tren sale en diez minutos.|Su padre es un buen cocinero.|Nunca he estado en el mar.|Cierra la puerta, por favor.|Él olvidó su paraguas otra vez.|Cenamos con nuestros vecinos.|El museo es gratis los domingos.|Mi coche no arranca en invierno.|¿Quién escribió esta carta?|Ella está aprendiendo a nadar.""",
}
DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
MONTHS = "January February March April May June July August September October November December".split()


def digest(text):
    return int(hashlib.sha256(text.encode()).hexdigest(), 16)


def pick(key, items):
    return items[digest(key) % len(items)]


def pairs(text):
    return [tuple(item.split()) for item in text.split("|")]


def texts(text):
    return [" ".join(item.split()) for item in text.split("|")]


def words(key, count):
    chosen = []
    for i in range(count * 8):
        word = pick(f"{key} {i}", ITEMS)
        if word not in chosen:
            chosen.append(word)
        if len(chosen) == count:
            break
    return chosen


def email(i):
    name, city = pick(f"email {i}", NAMES).lower(), pick(f"host {i}", CITIES).lower()
    return {"address": f"{name}.{pick(f'n {i}', ITEMS)}@{city}.example", "day": pick(f"d {i}", DAYS)}


def order(i):
    return {"number": f"{pick(f'o {i}', 'ABCDEFGHKLMNPRSTUVWXYZ')}{digest(f'order {i}') % 90000 + 10000}", "day": pick(f"od {i}", DAYS),
            "item": pick(f"oi {i}", ITEMS)}


def place(i):
    return {"name": pick(f"pn {i}", NAMES), "city": pick(f"pc {i}", CITIES), "item": pick(f"pi {i}", ITEMS), "day": pick(f"pd {i}", DAYS)}


def record(i):
    return {"name": pick(f"rn {i}", NAMES), "age": digest(f"age {i}") % 70 + 18, "city": pick(f"rc {i}", CITIES)}


def listed(i):
    chosen = words(f"list {i}", 4 + i % 3)
    return {"list": ", ".join(chosen), "first": chosen[0], "last": chosen[-1]}


def dated(i):
    date = f"{digest(f'dd {i}') % 28 + 1} {pick(f'dm {i}', MONTHS)} {digest(f'dy {i}') % 60 + 1960}"
    return {"date": date, "name": pick(f"dn {i}", NAMES), "city": pick(f"dc {i}", CITIES)}


def numbers(i):
    a, b = digest(f"a {i}") % 900 + 10, digest(f"b {i}") % 900 + 10
    return {"a": a, "b": b if a != b else b + 1}


def table(rows, *keys):
    return [dict(zip(keys, row)) for row in rows]


# Of each task: payloads, the answer as a template of them, wordings that are trained, wordings that are only evaluated.
TASKS = {
    "email": ([email(i) for i in range(700)], lambda p: p["address"], [
        "What is the e-mail address in this text? Please write to {address} before {day}.",
        "Find the e-mail address: You can reach us at {address} until {day}.",
        "Extract the e-mail address. On {day} send the form to {address}, thank you.",
        "Which e-mail address is mentioned here? Questions go to {address} from {day} on."], [
        "Copy the e-mail address from the message below.\nHello, my new address is {address}. See you on {day}!",
        "{day} is the last day to write to {address}. Give me only the e-mail address."]),
    "order": ([order(i) for i in range(700)], lambda p: p["number"], [
        "What is the order number? Your order {number} of one {item} was shipped on {day}.",
        "Find the order number: We received order {number} on {day}; it holds one {item}.",
        "Extract the order number. The {item} of order {number} arrives on {day}.",
        "Which order number is mentioned here? On {day} we cancelled order {number} ({item})."], [
        "Copy the order number from the message below.\nHello, order {number} with the {item} is ready on {day}.",
        "The {item} comes on {day}; it belongs to order {number}. Give me only the order number."]),
    "city": ([place(i) for i in range(700)], lambda p: p["city"], [
        "Which city is mentioned? {name} bought the {item} in {city} last {day}.",
        "Name the city in this sentence: On {day} {name} will travel to {city} with a {item}.",
        "What city does this sentence talk about? {name} lives in {city} and sells a {item} every {day}.",
        "Find the city: The {item} from {city} reached {name} on {day}."], [
        "{name} lost a {item} in {city} on {day}. Where did it happen? Answer with the city.",
        "Read the note and write down the city.\n{day}: meet {name} in {city}, bring the {item}."]),
    "person": ([place(1000 + i) for i in range(700)], lambda p: p["name"], [
        "Which person is mentioned? {name} bought the {item} in {city} last {day}.",
        "Name the person in this sentence: On {day} {name} will travel to {city} with a {item}.",
        "Who does this sentence talk about? In {city}, {name} sells a {item} every {day}.",
        "Find the person: The {item} from {city} reached {name} on {day}."], [
        "{name} lost a {item} in {city} on {day}. Who lost it? Answer with the name.",
        "Read the note and write down the person.\n{day}: meet {name} in {city}, bring the {item}."]),
    "date": ([dated(i) for i in range(700)], lambda p: p["date"], [
        "What is the date in this sentence? {name} was born on {date} in {city}.", "Find the date: On {date} {name} moved to {city}.",
        "Extract the date. {name} left {city} on {date}.", "Which date is mentioned? The trip of {name} to {city} begins on {date}."], [
        "{name} came to {city} on {date}. When was that? Answer with the date.", "Copy the date from: {city}, {date}, signed {name}."]),
    "json": ([record(i) for i in range(700)], lambda p: json.dumps({"name": p["name"], "age": p["age"]}), [
        "Write name and age as JSON: {name} from {city} is {age} years old.",
        "Turn this into JSON with the keys name and age: In {city} lives {name}, aged {age}.",
        "Give the name and the age as JSON. {name} turned {age} in {city}.",
        "Make a JSON object with name and age. At {age}, {name} moved to {city}."], [
        "{name}, who is {age}, comes from {city}. Return name and age as a JSON object.",
        "Extract the person (name, age) in JSON format.\n{city} news: {name}, {age}, won the race."]),
    "language": ([{"text": text, "language": language} for language, all in SENTENCES.items() for text in texts(all)],
                 lambda p: p["language"], [
        "Which language is this, English, German, French or Spanish? {text}",
        "Name the language (English, German, French or Spanish): {text}",
        "Is this English, German, French or Spanish? {text}",
        "English, German, French or Spanish: in which language is this written? {text}"], [
        "{text}\nThe sentence above is written in one of English, German, French, Spanish. Which one?",
        "Choose among English, German, French and Spanish the language of: {text}"]),
    "first": ([listed(i) for i in range(700)], lambda p: p["first"], [
        "What is the first word of this list? {list}", "Give the first item: {list}", "Which item comes first? {list}",
        "Write down the first word of the list. {list}"], [
        "{list}\nWhich word begins the list above?", "Here is a list: {list}. I need its first entry only."]),
    "last": ([listed(1000 + i) for i in range(700)], lambda p: p["last"], [
        "What is the last word of this list? {list}", "Give the last item: {list}", "Which item comes last? {list}",
        "Write down the last word of the list. {list}"], [
        "{list}\nWhich word ends the list above?", "Here is a list: {list}. I need its final entry only."]),
    "plural": (table(pairs(PLURALS), "one", "many"), lambda p: p["many"], [
        "What is the plural of {one}?", "Give the plural of the noun: {one}", "One {one}, two ...? Write the plural.",
        "Write the word {one} in the plural."], ["More than one {one} are called what?", "Plural form of \"{one}\":"]),
    "opposite": (table(pairs(OPPOSITES), "word", "other"), lambda p: p["other"], [
        "The opposite of \"{word}\" is which word?", "What is the opposite of the word \"{word}\"? Answer with one word.",
        "Which word is the opposite of {word}?", "Name the antonym: {word}"], [
        "{word} is the contrary of what?", "Opposite word of \"{word}\":"]),
    "past": (table(pairs(PASTS), "now", "then"), lambda p: p["then"], [
        "What is the past tense of {now}?", "Give the past tense: {now}", "Write the verb {now} in the past tense.",
        "I {now} today. I did it yesterday too. Write the past tense of \"{now}\"."], [
        "I {now} often. Last year, I also ... it. Which form of {now} fits?", "Simple past of \"{now}\":"]),
    "tomorrow": ([{"day": day, "next": DAYS[(i + 1) % 7], "name": name} for i, day in enumerate(DAYS) for name in NAMES[:40]],
                 lambda p: p["next"], [
        "{name} says that today is {day}. What day is tomorrow?", "Which day comes after {day}, {name} asks?",
        "It is {day}, and {name} leaves on the next day. Which day is that?", "Name the day after {day}, says {name}."], [
        "If today is {day}, then {name} arrives tomorrow. On which day?", "{name}: yesterday was {day}. So what is today?"]),
    "larger": ([numbers(i) for i in range(700)], lambda p: str(max(p["a"], p["b"])), [
        "Which number is larger, {a} or {b}?", "Give the larger of {a} and {b}.", "{a} or {b}: which one is bigger?",
        "Write down the larger number: {a}, {b}"], ["Of {a} and {b}, which is greater?", "max({a}, {b}) = ?"]),
}
TOPICS = """autumn|the sea|a lighthouse|friendship|a rainy day|the moon|an old train|winter mornings|a garden|the desert|music|a long walk
|bread|the night sky|a small village|rivers|forgotten letters|a market|birds|the first day of school|mountains|a storm|home|an island"""
ADVICE = """sleeping better|learning a language|saving money|writing a letter|cooking rice|running a meeting|planting tomatoes|staying
 calm|packing a suitcase|reading more books|making friends in a new city|preparing for an exam|riding a bicycle in winter|giving a talk
|drinking more water|keeping a diary|choosing a present|cleaning a kitchen|working from home|training a dog|getting up early|taking good
 photographs|eating less sugar|fixing a flat tire"""
IDEAS = """photosynthesis|gravity|inflation|a rainbow|electricity|an algorithm|democracy|the water cycle|evolution|a vaccine|the internet
|magnetism|an earthquake|interest on a loan|the seasons|a black hole|recycling|a battery|the heart|supply and demand|DNA|a volcano
|sound|a telescope"""
GENERAL = [("Write a short poem about {}.", TOPICS), ("Tell me a short story about {}.", TOPICS), ("Give me three tips for {}.", ADVICE),
           ("How do I get better at {}?", ADVICE), ("Explain {} in simple words.", IDEAS), ("Why is {} important?", IDEAS),
           ("Describe {} in two sentences.", TOPICS), ("What are common mistakes in {}?", ADVICE), ("What can you tell me about {}?", IDEAS)]


def split(task, payloads):
    """A quarter each for gate and report, a twelfth for development, and the rest to train on, in the order of their hashes."""
    unique = {json.dumps(payload, sort_keys=True): payload for payload in payloads}
    ordered = [unique[key] for key in sorted(unique, key=lambda key: digest(f"{task} {key}"))]
    quarter, twelfth = len(ordered) // 4, len(ordered) // 12
    ends = {"gate": quarter, "report": 2 * quarter, "development": 2 * quarter + twelfth, "train": len(ordered)}
    parts, begin = {}, 0
    for name, end in ends.items():
        parts[name], begin = ordered[begin:end], end
    return parts


def shown(payloads, answer):
    """Three pairs of payloads to solve as examples, with different answers in a pair, and the payloads that are left."""
    left, pairs = list(payloads), []
    for _ in range(3):
        first = left.pop(0)
        second = next(payload for payload in left if answer(payload) != answer(first))
        left.remove(second)
        pairs.append((first, second))
    return pairs, left


def rows(task, payloads, wordings, answer, count, slice=None):
    """`count` of all pairs of payload and wording, by hash."""
    all = [(digest(f"{task} {wording.format(**payload)}"), wording.format(**payload), answer(payload))
           for payload in payloads for wording in wordings]
    return [{"task": task, **({"slice": slice} if slice else {}), "prompt": prompt, "answer": gold}
            for _, prompt, gold in sorted(all)[:count]]


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    files = {name: [] for name in ("prompts", "peers-prompts", "lessons", "gold", "development", "gate", "report", "examples-a", "examples-b", "examples-c")}
    for task, (payloads, answer, wordings, unseen) in TASKS.items():
        parts = split(task, payloads)
        pairs, trained = shown(parts["train"], answer)
        for name, pair in zip("abc", pairs):
            for index, payload in enumerate(pair):
                wording = wordings[("abc".index(name) + 2 * index) % len(wordings)]
                files[f"examples-{name}"].append({"task": task, "messages": [
                    {"role": "user", "content": wording.format(**payload)},
                    {"role": "assistant", "content": answer(payload)}]})
        half = len(trained) // 2
        asked = {"prompts": rows(task, trained, wordings, answer, 160), "peers-prompts": rows(task, trained[half:], wordings, answer, 80)}
        for name, solved in asked.items():
            files[name] += [{"task": task, "prompt": row["prompt"]} for row in solved]
            files["gold"] += [row for row in solved if row not in files["gold"]]
        files["lessons"] += rows(task, trained[:half], wordings, answer, 80)
        files["development"] += rows(task, parts["development"], wordings, answer, 30)
        files["gate"] += rows(task, parts["gate"], wordings, answer, 100)
        files["report"] += rows(task, parts["report"], wordings, answer, 100)
        files["report"] += rows(task, parts["report"], unseen, answer, 50, slice=f"{task}, new wording")
    files["general"] = [{"prompt": wording.format(topic)} for wording, topics in GENERAL for topic in texts(topics)]
    for name, all in files.items():
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in all)
        (folder / f"{name}.jsonl").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
