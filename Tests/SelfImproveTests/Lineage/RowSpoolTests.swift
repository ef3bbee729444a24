import TestSupport
import Testing

@testable import SelfImprove

@Suite struct RowSpoolTests {
    @Test("Rows come out as they went in, in their order, and none of an empty spool") func order() throws {
        let spool = try RowSpool(of: VerdictRecord.self)
        try spool.forEach { _ in Issue.record("there are none") }
        let rows = (0..<1000).map { k in
            VerdictRecord(
                campaign: "c",
                round: 1,
                position: 1000 - k,
                judge: "j",
                first: 0,
                second: 1,
                verdict: .first,
                swappedVerdict: .unparsable,
                reasoning: k % 2 == 0 ? JSONText(text: #"{"a":1.0,"text":"\u0000 é \/"}"#) : nil,
                swappedReasoning: nil
            )
        }
        try spool.append(Array(rows[..<300]))
        try spool.append([VerdictRecord]())
        try spool.append(Array(rows[300...]))
        var out: [VerdictRecord] = []
        try spool.forEach { out.append($0 as! VerdictRecord) }
        #expect(out == rows)
    }
}
