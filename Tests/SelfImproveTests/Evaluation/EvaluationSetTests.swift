import Foundation
import ModelFiles
import Testing

@testable import SelfImprove

@Suite struct EvaluationSetTests {
    private func rows(_ gold: [String], task: String? = nil) -> [PromptRow] {
        gold.map { PromptRow(task: task, prompt: [Message(role: "user", content: "q")], answer: $0) }
    }

    private func comparison(_ rule: AnswerRule, tasks: [String: AnswerRule] = [:]) throws -> AnswerComparison {
        try AnswerComparison(.init(rule: rule, tasks: tasks))
    }

    private func answers(_ texts: [String]) -> [Answer] {
        texts.map { Answer(text: $0, tokens: 1, logprob: nil, finishReason: .stop) }
    }

    @Test func strictAndLenientMarksStandSideBySide() throws {
        let set = try EvaluationSet(
            rows: rows(["4", "4", " 4\n", "4"]),
            name: "set",
            comparison: comparison(AnswerRule(extract: .lastNumber))
        )
        let result = EvaluationResult(set, answers: answers([" 4 ", "It is 4.0.", "5", "four"]))
        #expect(result.items.map(\.correct) == [true, false, false, false])
        #expect(result.items.map(\.lenient) == [true, true, false, false])
        #expect(result.correct == 1 && result.lenient == 2)
        #expect(result.slices == [SliceScore(slice: "all", n: 4, correct: 1, lenient: 2)])
    }

    /// A row without an id is called by its place, unless another row calls itself so.
    @Test func idsTellRowsApart() throws {
        func ids(_ given: [String?]) throws -> [String] {
            let rows = given.enumerated().map { index, id in
                PromptRow(id: id, prompt: [Message(role: "user", content: "q\(index)")], answer: "x")
            }
            return try EvaluationSet(rows: rows, name: "set").items.map(\.id)
        }
        #expect(try ids([nil, nil]) == ["0", "1"])
        let mixed = try ids(["1", nil, nil])
        #expect(mixed[0] == "1" && mixed[2] == "2" && Set(mixed).count == 3)
        #expect { try ids(["a", "a"]) } throws: { "\($0)".contains("duplicate id a") }
    }

    @Test func whereWholeTextsAreComparedThereAreNoOtherMarks() throws {
        let result = EvaluationResult(try EvaluationSet(rows: rows(["4"]), name: "set"), answers: answers(["4"]))
        #expect(result.items[0].correct && result.items[0].lenient == nil && result.lenient == nil)
        #expect(result.slices == [SliceScore(slice: "all", n: 1, correct: 1)])
    }

    /// A slice of its own does not change which task a prompt is of.
    @Test func aSliceIsCountedApartAndComparedByItsTask() throws {
        let lines =
            #"{"task":"sum","prompt":"1 + 1?","answer":"2"}"# + "\n"
            + #"{"task":"sum","slice":"sum, new wording","prompt":"one and one?","answer":"2"}"#
        let rows = try JSONLines.decode(PromptRow.self, Data(lines.utf8), name: "report.jsonl")
        let rule = try comparison(AnswerRule(), tasks: ["sum": AnswerRule(extract: .lastNumber)])
        let set = try EvaluationSet(rows: rows, name: "report.jsonl", comparison: rule)
        #expect(set.items.map(\.task) == ["sum", "sum"])
        let result = EvaluationResult(set, answers: answers(["It is 2.", "It is 2."]))
        #expect(
            result.slices == [
                SliceScore(slice: "sum", n: 1, correct: 0, lenient: 1),
                SliceScore(slice: "sum, new wording", n: 1, correct: 0, lenient: 1),
            ]
        )
        #expect(try EvaluationSet(bytes: set.bytes, name: "kept", comparison: rule).slices == set.slices)
    }

    @Test func whatIsStrictlyRightIsLenientlyRight() throws {
        let rules: [(String, AnswerRule)] = [
            ("Yes.", AnswerRule(extract: .choice, choices: ["yes", "no"])), ("[1, 2]", AnswerRule(extract: .json)),
            ("42", AnswerRule(extract: .regex, pattern: "answer is (.*)")),
            ("Paris ", AnswerRule(normalise: [.letterCase])),
        ]
        for (gold, rule) in rules {
            let set = try EvaluationSet(rows: rows([gold]), name: "set", comparison: comparison(rule))
            #expect(set.items[0].isCorrect(gold), "\(gold)")
            let lenient = set.items[0].isLenientlyCorrect(rule.extract == .regex ? "the answer is 42" : gold)
            #expect(lenient, "\(gold)")
        }
    }

    @Test func aGoldAnswerThatSaysNothingIsRefusedWithItsRow() throws {
        let rule = try comparison(AnswerRule(), tasks: ["sum": AnswerRule(extract: .lastNumber)])
        let error = #expect(throws: SelfImproveError.self) {
            try EvaluationSet(rows: rows(["4", "four"], task: "sum"), name: "gate.jsonl", comparison: rule)
        }
        #expect(
            error?.description
                == "gate.jsonl: nothing can be extracted from the answer of row 2 (answers of the task sum are compared by extract: last_number)"
        )
        #expect(throws: Never.self) { try EvaluationSet(rows: rows(["four"]), name: "gate.jsonl", comparison: rule) }
    }
}
