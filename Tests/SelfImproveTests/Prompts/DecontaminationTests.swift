import Foundation
import LocalLM
import ModelFiles
import Testing

@testable import SelfImprove

@Suite struct DecontaminationTests {
    private func set(_ rows: [[String]], n: Int = 13, commonRows: Int? = nil) -> Decontamination {
        var set = Decontamination(n: n, commonRows: commonRows)
        for (index, row) in rows.enumerated() { set.add(row, at: .init(file: "gate.jsonl", line: index + 1)) }
        return set
    }

    private let thirteen = "one two three four five six seven eight nine ten eleven twelve thirteen"

    @Test("the same question in another dress falls out, with the row that it met")
    func exact() {
        let set = set([["Who wrote Faust?"], ["What's the capital of Peru?"]])
        let overlap = set.overlap(["  what\u{2019}s THE capital of Peru "])
        #expect(
            overlap
                == .init(
                    reason: .exact,
                    row: .init(file: "gate.jsonl", line: 2),
                    words: ["whats", "the", "capital", "of", "peru"]
                )
        )
        #expect(overlap?.row.description == "gate.jsonl:2")
    }

    @Test("13 words in a row fall out, 12 do not, and a short row within a prompt does not")
    func ngrams() {
        let set = set([["Now: \(thirteen)!"], ["short question here"]])
        let overlap = set.overlap(["Then \(thirteen) fourteen"])
        #expect(overlap?.reason == .ngram && overlap?.words.joined(separator: " ") == thirteen)
        #expect(set.overlap(["Then two three four five six seven eight nine ten eleven twelve thirteen"]) == nil)
        #expect(set.overlap(["I have a short question here, please"]) == nil)
    }

    @Test("what both texts go on with is shown, up to 40 words")
    func shown() {
        let long = (0..<60).map { "w\($0)" }.joined(separator: " ")
        #expect(set([["a \(long) b"]]).overlap(["c \(long) d"])?.words.count == Decontamination.wordsShown)
        #expect(set([["a \(thirteen) more b"]]).overlap(["c \(thirteen) more d"])?.words.last == "more")
    }

    @Test("n-grams do not reach from one turn into the next; whole conversations are compared turn by turn")
    func turns() {
        let words = thirteen.split(separator: " ").joined(separator: " ")
        let set = set([["a b \(words)"], ["Hi", "Thanks"]])
        #expect(set.overlap(["one two three four five six", "seven eight nine ten eleven twelve thirteen"]) == nil)
        #expect(set.overlap(["hi!", "thanks."])?.reason == .exact)
        #expect(set.overlap(["hi thanks"]) == nil && set.overlap(["Hi"]) == nil)
        let messages = [
            Message(role: "system", content: thirteen), Message(role: "user", content: "Hi"),
            Message(role: "assistant", content: thirteen), Message(role: "user", content: "Thanks"),
        ]
        #expect(set.overlap(Decontamination.turns(of: messages))?.reason == .exact)
    }

    @Test("texts without words meet nothing")
    func empty() {
        let set = set([[""], ["?!"], []])
        #expect(set.overlap([""]) == nil && set.overlap(["..."]) == nil && set.overlap([]) == nil)
    }

    @Test("wording that many rows share is left out where asked for, and only n-grams are")
    func common() {
        let rows = (0..<5).map { ["\(thirteen) number \($0)"] }
        #expect(set(rows).overlap(["\(thirteen) other"])?.reason == .ngram)
        #expect(set(rows, commonRows: 5).overlap(["\(thirteen) other"])?.reason == .ngram)
        #expect(set(rows, commonRows: 4).overlap(["\(thirteen) other"]) == nil)
        #expect(set(rows, commonRows: 4).overlap(["\(thirteen), number 3"])?.reason == .exact)
        let twice = set([["\(thirteen) \(thirteen)"]], commonRows: 1)
        #expect(twice.overlap(["\(thirteen) other"]) != nil, "twice in one row is one row")
    }

    @Test("a plain search finds the same overlaps", arguments: [UInt64(1), 2, 3, 4, 5, 6])
    func plainSearch(seed: UInt64) {
        var random = RandomStream(key: seed)
        func text(_ random: inout RandomStream) -> String {
            (0..<random.integer(below: 30)).map { _ in ["a", "b", "c"][random.integer(below: 3)] }.joined(
                separator: " "
            )
        }
        let rows = (0..<12).map { _ in text(&random) }, n = 2 + random.integer(below: 5)
        let set = set(rows.map { [$0] }, n: n)
        for _ in 0..<200 {
            let prompt = text(&random), words = prompt.split(separator: " ").map { String($0) }
            var expected = rows.firstIndex(of: prompt).map { ("exact", $0 + 1) }
            if prompt.isEmpty { expected = nil }
            search: for start in 0..<max(0, words.count - n + 1) where expected == nil {
                let gram = words[start..<start + n].joined(separator: " ")
                for (index, row) in rows.enumerated() where " \(row) ".contains(" \(gram) ") {
                    expected = ("ngram", index + 1)
                    break search
                }
            }
            let overlap = set.overlap([prompt])
            #expect(
                overlap?.reason.rawValue == expected?.0 && overlap?.row.line == expected?.1,
                "seed \(seed): \(prompt)"
            )
        }
    }

    @Test("a report counts by reason and by file, and keeps the first of each")
    func report() {
        let set = set([["Who wrote Faust?"], [thirteen + " more"]])
        var report = DecontaminationReport(examplesPerReason: 1)
        for (line, prompt) in ["who wrote faust", "Who wrote Faust?!", thirteen, "fresh"].enumerated() {
            report.record(set.overlap([prompt]), of: .init(file: "prompts.jsonl", line: line + 1))
        }
        #expect(report.prompts == 4 && report.dropped == 3 && report.counts == [.exact: 2, .ngram: 1])
        #expect(report.files == ["gate.jsonl": 3])
        #expect(
            report.examples.map(\.description) == [
                "prompts.jsonl:1 meets gate.jsonl:1 (exact): who wrote faust",
                "prompts.jsonl:3 meets gate.jsonl:2 (ngram): \(thirteen)",
            ]
        )
    }

    @Test("n-grams whose hashes collide are told apart", arguments: [UInt64(0), 1, 7])
    func collisions(mask: UInt64) {
        var random = RandomStream(key: mask), index = NGramIndex()
        index.hashMask = mask
        let words = (0..<300).map { _ in UInt32(random.integer(below: 6)) }, n = 3
        for position in 0...words.count - n { index.insert(position, of: words, n: n, row: position / 50) }
        for a in 0..<UInt32(7) {
            for b in 0..<UInt32(7) {
                for c in 0..<UInt32(7) {
                    let first = (0...words.count - n).first { words[$0..<$0 + n].elementsEqual([a, b, c]) }
                    #expect(index.first([a, b, c], at: 0, n: n, in: words, commonRows: nil) == first)
                }
            }
        }
        #expect(index.count == Set((0...words.count - n).map { Array(words[$0..<$0 + n]) }).count)
    }

    @Test("a megabyte that repeats one n-gram is indexed and searched in linear time")
    func worstCase() {
        let text = String(repeating: "a ", count: 500_000)
        let time = ContinuousClock().measure { #expect(set([[text]]).overlap(["b \(text)"])?.reason == .ngram) }
        #expect(time < .seconds(10))
    }
}

/// Against `Tests/Parity/decontamination.py`.
@Suite struct DecontaminationParityTests {
    private func rows(_ text: String) throws -> [JSONValue] {
        try text.split(separator: "\n").map { try JSONParser.parse($0.utf8, context: "a case") }
    }

    private func check(evaluation: String, prompts: String, expected: String) throws -> Int {
        func turns(_ row: JSONValue) -> [String] { (row["turns"]?.array ?? []).compactMap(\.string) }
        var set = Decontamination()
        for (index, row) in try rows(evaluation).enumerated() {
            set.add(turns(row), at: .init(file: "e", line: index + 1))
        }
        let expected = try rows(expected)
        var next = expected.startIndex
        for (index, row) in try rows(prompts).enumerated() {
            let overlap = set.overlap(turns(row))
            guard next < expected.endIndex, expected[next]["line"]?.integer == index + 1 else {
                #expect(overlap == nil, "prompt \(index + 1)")
                continue
            }
            #expect(overlap?.reason.rawValue == expected[next]["reason"]?.string, "prompt \(index + 1)")
            #expect(overlap?.row.line == expected[next]["row"]?.integer, "prompt \(index + 1)")
            #expect(overlap?.words == expected[next]["words"]?.array?.compactMap(\.string), "prompt \(index + 1)")
            next += 1
        }
        #expect(next == expected.endIndex)
        return expected.count
    }

    @Test("the golden rows fall out, each for its reason and with its words")
    func golden() throws {
        let count = try check(
            evaluation: DecontaminationGolden.evaluation,
            prompts: DecontaminationGolden.prompts,
            expected: DecontaminationGolden.expected
        )
        #expect(count > 30)
    }

    private static let directory = ProcessInfo.processInfo.environment["DECONTAMINATION_CASES"]

    @Test("the rows of a directory that decontamination.py made", .enabled(if: directory != nil))
    func made() throws {
        let directory = URL(fileURLWithPath: try #require(Self.directory))
        func text(_ name: String) throws -> String {
            try String(contentsOf: directory.appendingPathComponent("\(name).jsonl"), encoding: .utf8)
        }
        let count = try check(
            evaluation: text("evaluation"),
            prompts: text("prompts"),
            expected: text("expected")
        )
        #expect(count > 0)
    }
}
