import LocalLM
import TestSupport
import Testing

@testable import SelfImprove

@Suite struct CriteriaParserTests {
    @Test(arguments: [
        "accuracy, depth, clarity", "Accuracy; DEPTH; Clarity.", "1. **Accuracy**\n2. **Depth**\n3. **Clarity**",
        "[\"clarity\", \"depth\", \"accuracy\"]", "- depth\n- accuracy\n- clarity\n- depth",
        "{\"criteria\": [\"accuracy\", \"depth\", \"clarity\"], \"reason\": \"safety is not touched\"}",
        "1) Accuracy: relevance follows from it\n2) Depth: not just helpfulness\n3) Clarity",
        "Of relevance, safety, robustness and the others I choose\naccuracy, depth and clarity.",
        "<think>relevance? safety?</think>accuracy depth clarity", "My choice:\r\n\r\naccuracy|depth|clarity\r\n",
    ])
    func threeNamesAreFoundInWhateverForm(text: String) {
        #expect(CriteriaParser.parse(text) == .understood([.accuracy, .depth, .clarity]))
    }

    @Test(arguments: [
        "instruction adherence, safety, relevance", "Instruction_Adherence; Relevance; Safety",
        "instructionAdherence / relevance / safety", "[\"instruction-adherence\",\"relevance\",\"safety\"]",
    ])
    func aNameOfTwoWordsIsOneName(text: String) {
        #expect(CriteriaParser.parse(text) == .understood([.instructionAdherence, .relevance, .safety]))
    }

    @Test(arguments: [
        "", "accuracy, depth", "accuracy, accuracy, depth", "accuracy, depth, clarity, safety", "truth, beauty, depth",
        "[\"accuracy\", \"depth\", \"clarity\", \"safety\"]", "inaccuracy, depths, clarity",
        "instruction\nadherence, depth, clarity",
        "<think>accuracy, depth, clarity", "1. accuracy\n2. depth\n3. clarity\n4. safety", "I cannot help with that.",
    ])
    func anythingButThreeIsUnparsableAndKept(text: String) {
        #expect(CriteriaParser.parse(text) == .unparsable(raw: text))
    }

    @Test func whatIsReadIsAlwaysThreeDifferentOnes() {
        let seed: UInt64 = 8
        let pieces =
            Criterion.allCases.map(\.rawValue) + [
                "\"", ",", "\n", "1. ", " ", "{", "[", "]", "İ", "ß", "\u{301}", "x", "</think>",
            ]
        var random = RandomStream(key: seed)
        var read = 0
        for trial in 0..<Fuzzing.count(20_000) {
            let text = (0..<random.integer(below: 16)).map { _ in pieces[random.integer(below: pieces.count)] }.joined()
            guard let criteria = CriteriaParser.parse(text).value else { continue }
            read += 1
            #expect(criteria.count == 3 && Set(criteria).count == 3, "seed \(seed), trial \(trial)")
            #expect(criteria.allSatisfy { text.contains($0.rawValue) }, "seed \(seed), trial \(trial)")
        }
        #expect(read > 200)
    }

    @Test(.timeLimit(.minutes(1)), arguments: ["[", "accuracy ", "a", "\"", "\n", "instruction "])
    func longTextsTakeLinearTime(piece: String) {
        let text = String(repeating: piece, count: 300_000 / piece.utf8.count) + "\naccuracy, depth, clarity"
        #expect(CriteriaParser.parse(text) == .understood([.accuracy, .depth, .clarity]))
    }
}
