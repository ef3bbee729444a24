import Foundation
import LocalLM
import ModelFiles
import Testing

/// What a stream tells, put together, is the answer decoded as a whole, up to the first stop text; and nothing is told
/// too early.
@Suite struct AnswerTextTests {
    private let tokenizer: Tokenizer

    init() throws {
        let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        tokenizer = try Tokenizer(
            json: Data(contentsOf: tests.appendingPathComponent("Golden/smollm/model/tokenizer.json"))
        )
    }

    private func tell(_ ids: [Int], stop: [String]) -> (pieces: [String], isStopped: Bool) {
        var text = AnswerText(tokenizer: tokenizer, stop: stop)
        var pieces: [String] = []
        for id in ids where !text.isStopped { pieces.append(text.add(id, isLast: false)) }
        if !text.isStopped { pieces.append(text.add(nil, isLast: true)) }
        return (pieces, text.isStopped)
    }

    @Test func piecesAddUpForAnyTokensAndStopTexts() throws {
        var random = RandomStream(key: 3)
        let spelled = Array(tokenizer.encode("so grün 日本 abab äö 😀 the end\n\nthe"))
        var stopped = 0
        for _ in 0..<400 {
            // Any tokens, halves of characters among them; every second time characters that are whole.
            let ids = (0..<24).flatMap { _ in
                random.integer(below: 2) == 0 ? [random.integer(below: tokenizer.vocabularySize)] : spelled
            }
            let whole = tokenizer.decode(ids, skippingSpecialTokens: true)
            let stop = [["abab", "日"], ["\n\n"], ["😀 the end", "abac"], []][random.integer(below: 4)]
            let end = stop.compactMap { whole.unicodeScalars.firstRange(of: Array($0.unicodeScalars))?.lowerBound }
                .min()
            let (pieces, isStopped) = tell(ids, stop: stop)
            #expect(Array(pieces.joined().unicodeScalars) == Array(whole.unicodeScalars[..<(end ?? whole.endIndex)]))
            #expect(isStopped == (end != nil))
            stopped += isStopped ? 1 : 0
        }
        #expect(stopped > 100 && stopped < 400)
    }

    @Test("A special token that is a stop text ends the answer, though it is no part of the text; another one does not")
    func specialTokens() throws {
        let end = try #require(tokenizer.id(of: "<|im_end|>")), start = try #require(tokenizer.id(of: "<|im_start|>"))
        let first = Array(tokenizer.encode("the end")), second = Array(tokenizer.encode(" goes on"))
        let ids = first + [start] + second + [end] + first
        let (pieces, isStopped) = tell(ids, stop: ["never", "<|im_end|>"])
        #expect(pieces.joined() == "the end goes on" && isStopped)
        #expect(tell(ids, stop: ["<|endoftext|>"]).pieces.joined() == "the end goes onthe end")
        // What was held back as the beginning of a stop text is told.
        #expect(tell(first + [end], stop: ["end of it", "<|im_end|>"]).pieces.joined() == "the end")
    }

    @Test func aLongAnswerCostsNoMorePerToken() throws {
        let ids = Array(repeating: Array(tokenizer.encode("grün 日本 the end ")), count: 3000).joined()
        let clock = ContinuousClock()
        func seconds(_ ids: some Sequence<Int>) -> Duration {
            clock.measure { _ = tell(Array(ids), stop: ["never there"]) }
        }
        let short = (0..<7).map { _ in seconds(ids.prefix(2000)) }.min()!,
            long = (0..<7).map { _ in seconds(ids.prefix(20_000)) }.min()!
        // Ten times the tokens: 10 if each costs the same, 100 if each costs what the text before it is long.
        #expect(long < short * 50, "\(short) for 2,000 tokens, \(long) for 20,000")
    }
}
