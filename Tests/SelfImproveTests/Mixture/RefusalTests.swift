import LocalLM
import Testing

@testable import SelfImprove

@Suite struct RefusalTests {
    @Test(
        "refusals are known in each language",
        arguments: [
            ("en", "I\u{2019}m sorry, but I can\u{2019}t help with that."),
            ("en", "As an AI language model, I have no opinion."),
            ("de", "Es tut mir leid, aber dabei kann ich nicht helfen."),
            ("de", "Ich kann Ihnen dabei leider nicht helfen."),
            ("de", "Leider kann ich diese Frage nicht beantworten, ich bin nicht in der Lage."),
            ("de", "Tut mir leid, ich kann keine medizinischen Ratschläge geben."),
            ("de", "Als KI-Sprachmodell habe ich keine Meinung."), ("de", "Entschuldigung, ich kann das nicht."),
            ("fr", "Je suis désolé, mais je ne peux pas vous aider."), ("fr", "Désolée, je ne peux pas faire cela."),
            ("fr", "En tant qu’intelligence artificielle, je n’ai pas d’opinion."),
            ("fr", "Je ne peux pas répondre à cette question."),
            ("fr", "Malheureusement, il m'est impossible de le faire."),
            ("es", "Lo siento, pero no puedo ayudarte con eso."), ("es", "No puedo proporcionar esa información."),
            ("es", "Como modelo de lenguaje, no tengo opiniones."), ("es", "Lamentablemente, no puedo hacerlo."),
            ("it", "Mi dispiace, ma non posso aiutarti."), ("it", "Non posso fornire queste informazioni."),
            ("it", "Come modello linguistico, non ho opinioni."), ("it", "Purtroppo non sono in grado di farlo."),
            ("pt", "Desculpe, mas não posso ajudar com isso."), ("pt", "Infelizmente, não consigo fazer isso."),
            ("pt", "Como um modelo de linguagem, não tenho opiniões."), ("pt", "Não posso fornecer essa informação."),
            ("nl", "Het spijt me, maar ik kan je daar niet bij helpen."), ("nl", "Sorry, maar ik kan dat niet doen."),
            ("nl", "Als AI-taalmodel heb ik geen mening, dat is mijn aard."),
            ("nl", "Ik kan deze vraag niet beantwoorden."),
            ("ru", "Извините, но я не могу помочь с этим."), ("ru", "К сожалению, я не могу ответить на этот вопрос."),
            ("ru", "Как языковая модель, я не имею мнения."), ("ru", "Я не могу предоставить такую информацию."),
            ("zh", "很抱歉，我无法回答这个问题。"), ("zh", "抱歉，但我不能帮助您。"), ("zh", "作为一个人工智能，我没有个人观点。"),
            ("zh", "我无法为您提供这方面的信息。"), ("zh", "對不起，我無法協助您。"),
            ("ja", "申し訳ありませんが、そのご質問にはお答えできません。"), ("ja", "すみませんが、お手伝いできません。"),
            ("ja", "AIとして、私は個人的な意見を持っていません。"), ("ja", "申し訳ございません。そのようなご要望には応じられません。"),
            ("ko", "죄송하지만 도와드릴 수 없습니다."), ("ko", "죄송합니다. 그 질문에는 답변할 수 없습니다."),
            ("ko", "저는 AI 언어 모델로서 개인적인 의견이 없습니다."),
        ]
    ) func known(language: String, text: String) {
        #expect(Refusal.language(of: text) == language)
        #expect(Refusal.language(of: "**" + text.uppercased() + "**") == language, "in capitals and bold")
    }

    @Test(
        "what only sounds like a refusal is kept",
        arguments: [
            "I can't swim, so I took the boat.", "She said she was sorry.", "Machine translation is a branch of AI.",
            "Ich kann nicht schwimmen, deshalb nahm ich das Boot.", "Das Leid der Leute war groß.",
            "Siri gilt als KI von Apple.",
            "Sie entschuldigte sich und ging.", "Je ne peux pas nager, alors j'ai pris le bateau.",
            "Le mot « désolé » a six lettres.",
            "Un modèle de langage apprend à partir de données.", "No puedo nadar, así que tomé el barco.",
            "Siento mucho calor en verano.",
            "La inteligencia artificial como disciplina nació en 1956.", "Non posso nuotare, quindi ho preso la barca.",
            "Il dispiacere fu grande.", "Não posso nadar, por isso peguei o barco.", "Infelizmente choveu o dia todo.",
            "Ik kan niet zwemmen, dus nam ik de boot.", "Helaas regende het de hele dag.",
            "Я не могу забыть тот день у моря.",
            "К сожалению, весь день шёл дождь.", "机器学习作为人工智能的一个分支，研究如何从数据中学习。", "我不能忘记那一天，海边的阳光很温暖。",
            "很遗憾，那天下雨了。", "残念ながら、その日は雨でした。", "彼は泳ぐことができません。", "안타깝게도 명왕성은 더 이상 행성으로 볼 수 없습니다.",
            "그는 수영을 할 수 없습니다.", "", "42",
        ]
    ) func kept(text: String) { #expect(Refusal.language(of: text) == nil) }

    @Test("texts in English are judged as before the lists were in a file", arguments: [UInt64(1), 2, 3, 4])
    func englishIsAsBefore(seed: UInt64) {
        let parts =
            EarlierRefusal.phrases + [
                "the", "dog", "asked", "me", "to", "that", "but", "because", "river", "with", "you", "this", "and",
                "well",
            ]
        var random = RandomStream(key: seed), declining = 0
        for _ in 0..<2_000 {
            let text = (0..<1 + random.integer(below: 9)).map { _ in parts[random.integer(below: parts.count)] }
                .joined(separator: [" ", ", ", " ** ", ". "][random.integer(below: 4)])
            let dressed = random.integer(below: 2) == 0 ? text : text.replacing("'", with: "\u{2019}").uppercased()
            #expect(Refusal.opens(dressed, in: ["en"]) == EarlierRefusal.opens(dressed), "seed \(seed): \(dressed)")
            declining += EarlierRefusal.opens(dressed) ? 1 : 0
        }
        #expect(declining > 200 && declining < 1_800, "seed \(seed): \(declining) decline")
    }

    @Test("the file has all languages, each with its lists")
    func file() {
        #expect(
            RefusalPhrases.all.map(\.language).sorted() == [
                "de", "en", "es", "fr", "it", "ja", "ko", "nl", "pt", "ru", "zh",
            ]
        )
        for phrases in RefusalPhrases.all {
            #expect(phrases.reach > 0 && !phrases.openings.isEmpty && !phrases.speakers.isEmpty, "\(phrases.language)")
            #expect(!phrases.apologies.isEmpty && !phrases.inabilities.isEmpty, "\(phrases.language)")
        }
    }

    @Test("a megabyte takes no longer than its beginning")
    func worstCases() {
        for text in ["a" + String(repeating: "\u{301}", count: 500_000), String(repeating: "I can't ", count: 120_000)]
        {
            #expect(ContinuousClock().measure { _ = Refusal.language(of: text) } < .seconds(5))
        }
    }
}

/// Refusals as they were known when the lists were in the code, in English: an oracle.
private enum EarlierRefusal {
    static func opens(_ text: String) -> Bool {
        let words = Refusal.words(String(text.prefix(400)))
        if openings.contains(where: { words.starts(with: Refusal.words($0)) }) { return true }
        if let model = speakers.compactMap({ firstRange(of: Refusal.words($0), in: words) }).first, model.lowerBound < 8
        {
            return true
        }
        let ranges = inabilities.compactMap { firstRange(of: Refusal.words($0), in: words) }
        guard let inability = ranges.min(by: { $0.lowerBound < $1.lowerBound }) else { return false }
        let apologises = words[..<inability.lowerBound].contains { apologies.contains(String($0)) }
        if apologises, inability.lowerBound <= 8 { return true }
        return inability.lowerBound == 0
            && words[inability.upperBound...].prefix(2).contains { services.contains(String($0)) }
    }

    private static func firstRange(of phrase: [Substring], in words: [Substring]) -> Range<Int>? {
        guard phrase.count <= words.count else { return nil }
        return (0...words.count - phrase.count).first { words[$0...].starts(with: phrase) }
            .map { $0..<$0 + phrase.count }
    }

    static var phrases: [String] { openings + speakers + inabilities + apologies + services }

    private static let openings = ["i'm sorry but i", "i am sorry but i"]
    private static let speakers = [
        "as an ai", "as a language model", "as a large language model", "as an artificial intelligence",
    ]
    private static let inabilities = [
        "i can't", "i cannot", "i can not", "i cant", "i'm unable", "i am unable", "i'm not able", "i am not able",
        "i won't", "i will not", "i must decline", "i have to decline", "i don't feel comfortable", "we can't",
        "we cannot",
    ]
    private static let apologies = [
        "sorry", "apologies", "apologize", "apologise", "unfortunately", "regrettably", "regret", "afraid", "forgive",
    ]
    private static let services = [
        "help", "assist", "comply", "fulfill", "fulfil", "provide", "answer", "discuss", "engage", "support",
        "participate",
    ]
}
