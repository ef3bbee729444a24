import LocalLM
import Testing

@testable import SelfImprove

@Suite struct SecretTests {
    @Test("nothing prints a key: not interpolation, dump, mirrors, nor the values that hold it")
    func silence() throws {
        let secret = try Secret(testKey)
        var dumped = ""
        dump(secret, to: &dumped)
        dump(HTTPCall(.get, url: "http://a/", secret: secret), to: &dumped)
        let texts = [
            "\(secret)", String(reflecting: secret), "\([secret])", "\(HTTPCall(.get, url: "", secret: secret))",
            dumped,
        ]
        for text in texts { #expect(!text.contains(testKey) && !text.contains(testKey.prefix(8))) }
        #expect(Mirror(reflecting: secret).children.isEmpty)
        #expect(!((secret as Any) is any Encodable))
    }

    @Test(
        "what cannot stand in a header is refused as a key, and the error does not repeat it",
        arguments: [
            "", "abc\r\nX: y", "abc def", "kéy-kéy-kéy", "abc\u{0}def", String(repeating: "a", count: 10_000),
        ]
    )
    func unusable(_ text: String) {
        let error = #expect(throws: SelfImproveError.self) { try Secret(text) }
        #expect(error?.code == .configuration)
        #expect(text.isEmpty || error?.description.contains(text) == false)
    }

    @Test("a variable is read without the spaces around its value; a missing one is named")
    func variables() throws {
        let secret = try Secret(variable: "KEY", environment: ["KEY": " \(testKey)\n"])
        #expect(secret.authorization == "Authorization: Bearer \(testKey)")
        let error = #expect(throws: SelfImproveError.self) { try Secret(variable: "KEY", environment: [:]) }
        #expect(error?.message.contains("KEY") == true)
    }

    @Test("a key goes out of a text in every form that it comes in")
    func redaction() throws {
        let key = "sk-A1b2/C3d4+E5f6=="
        let secret = try Secret(key)
        let escaped = key.utf8.map { "\\u00" + (($0 < 16 ? "0" : "") + String($0, radix: 16)) }.joined()
        let percent = key.utf8.map { "%" + String($0, radix: 16, uppercase: true) }.joined()
        for form in [
            key, key.uppercased(), key.lowercased(), key.replacing("/", with: "\\/"), key.replacing("/", with: "%2F"),
            key.replacing("+", with: "\\u002b"), escaped, percent, String(key.prefix(8)), String(key.suffix(8)),
            String(key.dropFirst(3).prefix(9)),
        ] {
            #expect(secret.redact(in: "<\(form)>") == "<[key]>", "\(form)")
            #expect(secret.redact(in: "\(form)\(form)").contains("[key]"))
        }
        #expect(secret.redact(in: "a \(key.prefix(7)) b") == "a \(key.prefix(7)) b", "seven characters are no part")
        #expect(secret.redact(in: "Bearer \(key.prefix(12))***") == "Bearer [key]***")
        #expect(try Secret("abc").redact(in: "xabcx") == "x[key]x", "a short key goes out whole")
        for text in ["", "%", "\\", "\\u", "%4", "\\u00", "日本語 %E6%97%A5", "no key"] {
            #expect(secret.redact(in: text) == text)
        }
    }

    @Test("an answer loses a whole key or sixteen characters of it, and no word that chance made alike")
    func answers() throws {
        let secret = try Secret("sk-no-key-required-here")
        #expect(secret.redactAnswer("a key is required here") == "a key is required here")
        #expect(secret.redactAnswer("sk-no-key-required-here") == "[key]")
        #expect(secret.redactAnswer("no-key-required-") == "[key]")
        #expect(try Secret("ollama").redactAnswer("ollama runs") == "ollama runs")
    }

    @Test("whatever stands around it, no eight characters of a key survive", arguments: [UInt64(1), 2, 3])
    func anyPlace(_ seed: UInt64) throws {
        var random = RandomStream(key: seed)
        let alphabet = Array("abcdefghijklmnopqrstuvwxyzABC0123456789-_%\\/u".unicodeScalars)
        func text(_ count: Int) -> String {
            String(String.UnicodeScalarView((0..<count).map { _ in alphabet[random.integer(below: alphabet.count)] }))
        }
        for trial in 0..<400 {
            let key = text(8 + random.integer(below: 40))
            let start = random.integer(below: key.count - 7), length = 8 + random.integer(below: key.count - start - 7)
            let part = key.dropFirst(start).prefix(length)
            let shown = try Secret(key).redact(
                in: text(random.integer(below: 30)) + part + text(random.integer(below: 30))
            )
            for offset in 0...part.count - 8 {
                let piece = part.dropFirst(offset).prefix(8)
                #expect(!shown.contains(piece), "seed \(seed), trial \(trial): \(piece) of \(key) in \(shown)")
            }
        }
    }

    @Test("a text that is all key does not take the square of its length")
    func linear() throws {
        let key = String(repeating: "ab", count: 100), text = String(repeating: "ab", count: 50_000)
        let start = ContinuousClock.now
        #expect(try Secret(key).redact(in: text) == "[key]")
        #expect(ContinuousClock.now - start < .seconds(60))
    }
}

@Suite struct ShownTextTests {
    @Test(
        "terminal escapes, C1 controls, bidi overrides and line breaks do not reach a person",
        arguments: [
            ("a\u{1B}[31mred\u{1B}[0m", "ared"), ("a\u{1B}]0;title\u{7}b", "ab"), ("a\u{9B}2Jb", "ab"),
            ("a\u{1B}]8;;http://x\u{1B}\\link", "alink"), ("a\u{202E}b\u{2066}c\u{200B}d\u{FEFF}", "abcd"),
            ("one\r\ntwo\tthree\u{2028}four", "one two three four"), ("a\u{8}\u{7F}\u{0}b", "ab"), ("\u{1B}", ""),
            ("\u{1B}[", ""), ("\u{9D}never ended", "never ended"), ("tag\u{E0041}", "tag"), ("  x", "x"), ("", ""),
        ]
    )
    func plain(_ text: String, _ shown: String) { #expect(ShownText.of(text, secret: nil) == shown) }

    @Test("a text is cut to 300 characters, also one that is a single character of a million scalars")
    func cut() {
        let long = ShownText.of(String(repeating: "x", count: 1000), secret: nil)
        #expect(long.unicodeScalars.count == 300 && long.hasSuffix("…"))
        let stack = ShownText.of("e" + String(repeating: "\u{301}", count: 1_000_000), secret: nil)
        #expect(stack.unicodeScalars.count == 300)
    }

    @Test("a key whose letters are set apart by what cannot be seen is found")
    func hidden() throws {
        let secret = try Secret(testKey)
        for filler in ["\u{200B}", "\u{1B}[0m", "\u{0}"] {
            let text = testKey.map(String.init).joined(separator: filler)
            #expect(ShownText.of("key \(text)!", secret: secret) == "key [key]!")
        }
    }
}
