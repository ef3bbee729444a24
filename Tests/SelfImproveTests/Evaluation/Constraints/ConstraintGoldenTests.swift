import Foundation
import ModelFiles
import Testing

@testable import SelfImprove

/// Golden/constraints.jsonl: texts, constraints and what lm-eval's IFEval checkers say of them. Made by
/// Tests/Parity/constraints.py with --golden; 5,000 and more pairs are compared by that script itself.
@Suite struct ConstraintGoldenTests {
    @Test("strict and loose marks are those of lm-eval's IFEval checkers")
    func marks() throws {
        let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let lines = try Data(contentsOf: tests.appendingPathComponent("Golden/constraints.jsonl")).split(
            separator: 0x0A
        )
        #expect(lines.count > 300)
        var seen: Set<String> = [], strictlyMet = 0
        for (number, line) in lines.enumerated() {
            let row = try JSONParser.parse(line, context: "constraints.jsonl:\(number + 1)")
            let constraints = try Constraint.constraints(of: row)
            let marks = ConstraintMarks(constraints, of: try #require(row["text"]?.string))
            #expect(constraints.map(\.id) == row["instruction_id_list"]?.array?.map(\.string))
            #expect(marks.strict == row["strict"]?.array?.map(\.bool), "line \(number + 1)")
            #expect(marks.loose == row["loose"]?.array?.map(\.bool), "line \(number + 1)")
            seen.formUnion(constraints.map(\.id))
            strictlyMet += marks.strict.count { $0 }
        }
        #expect(seen == Set(Constraint.identifiers))
        #expect((lines.count / 3..<2 * lines.count / 3).contains(strictlyMet), "both outcomes are about as frequent")
    }
}
