import ModelFiles
import Testing

@testable import SelfImprove

@Suite struct TextLanguageTests {
    private static let texts = [
        "en": "What is the best way to learn a language when you have only an hour of time on each day of the week?",
        "de":
            "Wie kann ich am besten eine Sprache lernen, wenn ich nur eine Stunde am Tag Zeit habe und nicht reisen kann?",
        "fr":
            "Quelle est la meilleure façon de cuisiner le riz pour une famille qui n’a pas beaucoup de temps le soir ?",
        "es": "¿Cuál es la mejor manera de cocinar el arroz para una familia que no tiene mucho tiempo por la noche?",
        "it":
            "Qual è il modo migliore di cucinare il riso per una famiglia che non ha molto tempo la sera, quando sono stanchi?",
        "pt":
            "Qual é a melhor maneira de cozinhar o arroz para uma família que não tem muito tempo à noite, quando já estão em casa?",
        "nl": "Wat is de beste manier om rijst te koken voor een gezin dat op een gewone avond niet veel tijd heeft?",
        "pl":
            "Jak najlepiej ugotować ryż dla rodziny, która nie ma dużo czasu wieczorem, a jest głodna i już czeka na to, co będzie?",
        "sv":
            "Vad är det bästa sättet att koka ris för en familj som inte har så mycket tid på kvällen när de kommer hem?",
        "tr":
            "Akşamları çok zamanı olmayan bir aile için pirinç pişirmenin en iyi yolu nedir ve bu ne kadar sürer, daha önce ne gerekir?",
        "ru": "Как лучше всего приготовить рис для семьи, у которой вечером мало времени?",
        "el": "Ποιος είναι ο καλύτερος τρόπος να μαγειρέψω ρύζι για την οικογένεια;",
        "zh": "晚上没有太多时间的家庭怎样煮米饭最好？请告诉我具体的步骤和需要准备的材料，谢谢。",
        "ja": "夜にあまり時間がない家族のために、ご飯を炊く一番良い方法は何ですか。",
        "ko": "저녁에 시간이 많지 않은 가족을 위해 밥을 짓는 가장 좋은 방법은 무엇인가요?",
        "ar": "ما هي أفضل طريقة لطهي الأرز لعائلة ليس لديها الكثير من الوقت في المساء؟",
    ]
    private static let labels = Dictionary(
        uniqueKeysWithValues: texts.keys.map { ($0, ["ru": "Cyrl", "ar": "Arab"][$0] ?? $0) }
    )

    private func mismatch(_ question: String, _ answer: String) -> TextLanguage.Mismatch? {
        TextLanguage.mismatch(answer, to: [Message(role: "user", content: question)])
    }

    @Test("each language is known", arguments: texts.keys.sorted())
    func known(language: String) { #expect(TextLanguage.of(Self.texts[language] ?? "") == Self.labels[language]) }

    @Test("an answer in another language is a mismatch, one in the same is none", arguments: texts.keys.sorted())
    func pairs(language: String) {
        // The first two speak of learning a language, which is a reason to abstain.
        let questions = Self.texts.filter { !["en", "de"].contains($0.key) }
        for (asked, question) in questions {
            let found = mismatch(question, Self.texts[language] ?? "")
            #expect((found != nil) == (asked != language), "\(asked) and \(language)")
            #expect(found == nil || found?.answer == Self.labels[language])
        }
    }

    @Test(
        "there is no answer where it is not sure",
        arguments: [
            "", "42", "Yes.", "Paris", "東京都", "東京都渋谷区",
            "La Paz, El Salvador, Los Angeles, Las Palmas, El Paso, Los Mochis, Las Vegas", "3 + 4 = 7",
            "THE CAT SAT ON THE MAT AND IT WAS NOT THE ONLY ONE OF THEM", "https://example.org/the/of/and/is/not/for",
            "Er sagt: das ist nicht gut. He says that it is not good and the other is.",
            "```\nfor the in of and is not\n```", "for x in range(10): print(x if x is not None else the_of(and))",
            "Use `for the and of` or `is not in to`.",
            "Das ist nicht der Weg, den wir mit der Familie gehen.\nThis is not the way that we go with the family.",
        ]
    ) func abstains(text: String) { #expect(TextLanguage.of(text) == nil) }

    @Test(
        "who asks for another language gets it",
        arguments: [
            "Translate this sentence for me into French, please: the house is not on the hill, it is in the valley.",
            "What is the German word for that kind of thing, and how is it used when you are with a friend?",
            "Übersetze mir bitte den folgenden Satz ins Englische: Das Haus ist nicht auf dem Berg, es ist im Tal.",
            "Wie sagt man das auf Spanisch, wenn man mit einem Freund ist und es nicht eilig hat?",
            "Traduis ce texte en anglais s'il te plaît : la maison n'est pas sur la colline, elle est dans la vallée.",
            "¿Cómo se dice esto en inglés cuando uno está con un amigo y no tiene prisa por la noche?",
            "Come si dice questo in inglese quando si è con un amico e non si ha fretta, che è la cosa migliore?",
            "Como é que se diz isto em inglês quando se está com um amigo e não há pressa, que é o melhor?",
            "Hoe zeg je dit in het Engels als je met een vriend bent en niet veel haast hebt?",
            "Jak to powiedzieć po angielsku, gdy jest się z przyjacielem i nie ma się tak wiele czasu?",
            "Hur säger man det här på engelska när man är med en vän och inte har så bråttom?",
            "Bu cümle için İngilizce bir karşılık ne olabilir ve bu nasıl daha iyi olur, çok kısa da olsa?",
            "Переведи это предложение на английский язык, пожалуйста, и объясни каждое слово.",
            "请把下面这句话翻译成英语，并且解释一下每一个词的意思，谢谢你的帮助，我非常需要它。",
            "次の文を英語にしてください。よろしくお願いします。", "다음 문장을 영어로 바꿔 주세요. 감사합니다.",
        ]
    ) func translation(question: String) {
        for (_, answer) in Self.texts { #expect(mismatch(question, answer) == nil) }
    }

    @Test("an earlier or a system message may ask for the language")
    func earlierMessages() {
        let question = Message(role: "user", content: Self.texts["fr"] ?? "")
        let english =
            "The best way is to cook it in the pot with the lid on, and it is done when all of the water is gone."
        #expect(TextLanguage.mismatch(english, to: [question]) == .init(question: "fr", answer: "en"))
        #expect(
            TextLanguage.mismatch(english, to: [Message(role: "system", content: "Answer in English."), question])
                == nil
        )
    }

    @Test("code and names in an answer do not count")
    func codeAndNames() {
        let code = """
            Die Funktion, die du brauchst, ist nicht schwer zu schreiben, und sie kann auch mit Listen umgehen:
            ```python
            # this is the function that does all of the work for you and it is not the only one
            def f(x): return x if x is not None and x in the_list else 0
            ```
            Hier ist `the and of is not for` nur ein Beispiel, siehe https://example.org/the/and/of für mehr.
            """
        #expect(TextLanguage.of(code) == "de")
        #expect(
            TextLanguage.of(
                "Der Film von Robert De Niro und La La Land sind nicht auf der Liste, die ich mit dir habe."
            ) == "de"
        )
    }

    @Test("a megabyte takes linear time")
    func worstCases() {
        let texts = [
            String(repeating: "the of and ", count: 90_000), String(repeating: "ä", count: 500_000),
            String(repeating: "漢", count: 350_000), String(repeating: "a\n", count: 500_000),
            "a" + String(repeating: "\u{301}", count: 500_000), String(repeating: "`a ", count: 350_000),
        ]
        for text in texts {
            let time = ContinuousClock().measure { _ = mismatch(text, text) }
            #expect(time < .seconds(20), "\(text.unicodeScalars.prefix(3))")
            #expect(ContinuousClock().measure { _ = LanguageWords.shared.namesLanguage(text) } < .seconds(20))
        }
    }
}
