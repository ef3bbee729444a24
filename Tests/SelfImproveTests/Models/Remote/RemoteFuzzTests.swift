import Foundation
import LocalLM
import TestSupport
import Testing

@testable import SelfImprove

/// Seeded mutations of replies: readers are total, whatever comes. `FUZZ` sets how many; a failure names its
/// number, which makes the same bytes again.
@Suite struct RemoteFuzzTests {
    private static let seeds: [String] = [
        chatReply("4"), chatReply("x", model: "other"), #"{"choices": []}"#,
        #"{"choices": [{"index": 0, "message": {"content": [{"type": "text", "text": "a\u00e9\ud83d\ude00"}]}}]}"#,
        #"{"error": {"message": "Unsupported parameter: 'seed'", "param": "seed", "code": "unsupported_parameter"}}"#,
        #"{"detail": [{"type": "extra_forbidden", "loc": ["body", "top_p"], "msg": "Extra inputs are not permitted"}]}"#,
        #"{"error": "unknown argument: stop"}"#, #"{"data": [{"id": "m", "max_model_len": 2048, "meta": {}}]}"#,
        #"{"model": "m", "choices": [{"text": "ab cd é", "logprobs": {"tokens": ["ab", " ", "cd", " é"], "token_logprobs": [null, -1, -2.5, -1e-3], "text_offset": [0, 2, 3, 5]}}], "usage": {"prompt_tokens": 3}}"#,
    ]
    private static let words = [
        "null", "-1", "1e999", "9223372036854775808", "\"choices\"", "\"message\"", "\"content\"", "[", "]", "{", "}",
        "\"", "\\u0000", "\\ud800", "\u{202E}", "\u{1B}[31m", ",", ":", testKey, "\"loc\"", "\"param\"",
        "\"max_tokens\"",
        "true", "\"logprobs\"", "\"tokens\"", "\"text_offset\"", "\"index\"", "0", "\"error\"", "\"code\"", "429",
    ].map { Array($0.utf8) }

    private static func input(_ random: inout RandomStream) -> [UInt8] {
        var bytes = Array(seeds[random.integer(below: seeds.count)].utf8)
        for _ in 0..<random.integer(below: 5) where !bytes.isEmpty {
            let at = random.integer(below: bytes.count), end = min(bytes.count, at + 1 + random.integer(below: 24))
            switch random.integer(below: 40) {
            case 0..<8: bytes[at] ^= UInt8(1 << random.integer(below: 8))
            case 8..<14: bytes[at] = UInt8(random.integer(below: 256))
            case 14..<18: bytes.removeSubrange(at..<end)
            case 18..<22: bytes.insert(contentsOf: bytes[at..<end], at: at)
            case 22..<31: bytes.insert(contentsOf: words[random.integer(below: words.count)], at: at)
            case 31..<39: bytes.replaceSubrange(at..<end, with: words[random.integer(below: words.count)])
            default: bytes.removeSubrange(at...)
            }
        }
        return bytes
    }

    @Test("mutated replies are answers or faults, their texts are safe to show, and nothing else happens")
    func replies() throws {
        let count = Fuzzing.count(5000)
        let seed: UInt64 = 2607, secret = try Secret(testKey)
        let body = EchoCompletionBody(model: "m", prompt: "ab ", completion: "cd é")
        let statuses = [200, 200, 200, 400, 422, 404, 429, 500]
        var answers = 0, scores = 0, refusals = 0, slowest = Duration.zero
        for number in 0..<count {
            var random = RandomStream(key: RandomKey.derive(seed, UInt64(number)))
            let bytes = Self.input(&random), status = statuses[random.integer(below: statuses.count)]
            let reply = HTTPReply(status: status, body: bytes), start = ContinuousClock.now
            var texts: [String] = []
            switch ChatCompletionReply.read(reply, asked: "m") {
            case .success(let answer):
                answers += 1
                texts += [answer.model ?? "", secret.redactAnswer(answer.text)]
            case .failure(let fault):
                let shown = CallFault(fault, reply: reply, now: Date(timeIntervalSince1970: 0))
                texts.append(ShownText.of(shown.message, secret: secret))
                refusals += shown.refusal == nil ? 0 : 1
                let isPlain = texts[0].unicodeScalars.allSatisfy {
                    $0.value >= 0x20 && $0.value != 0x202E && $0.value != 0x7F
                }
                #expect(isPlain && texts[0].unicodeScalars.count <= 300, "seed \(seed), number \(number)")
            }
            if case .success(let scored) = EchoCompletionReply.read(reply, to: body),
                case .measured(let likelihood) = scored.outcome
            {
                scores += 1
                #expect(likelihood.logprob.isFinite && likelihood.tokens > 0, "seed \(seed), number \(number)")
            }
            _ = ModelList.read(reply)
            let whole = texts.dropFirst().contains { $0.contains(testKey) }
            #expect(!whole && !(texts.first ?? "").contains(testKey), "seed \(seed), number \(number)")
            slowest = max(slowest, ContinuousClock.now - start)
        }
        print(
            "\(count) replies: \(answers) answers, \(scores) scores, \(refusals) refusals; slowest \(slowest)"
        )
        #expect(answers > count / 100 && scores > count / 200 && refusals > count / 50)
        #expect(slowest < .seconds(60))
    }
}
