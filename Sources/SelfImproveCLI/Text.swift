import Foundation
import Scheduler
import SelfImprove

/// Plain text for terminals of 80 columns.
enum Text {
    /// Breaks at spaces; every line after the first is indented.
    static func wrap(_ text: String, width: Int, indent: Int = 0) -> [String] {
        var lines: [String] = []
        var line = ""
        for word in text.split(separator: " ", omittingEmptySubsequences: false) {
            if line.count + 1 + word.count > width, line.contains(where: { $0 != " " }) {
                lines.append(line)
                line = String(repeating: " ", count: indent) + word + " "
            } else {
                line += word + " "
            }
        }
        lines.append(line)
        return lines.map { String($0.reversed().drop { $0 == " " }.reversed()) }
    }

    static func padded(_ text: String, _ width: Int) -> String {
        text.padding(toLength: max(width, text.count), withPad: " ", startingAt: 0)
    }

    static func fixed(_ value: Double, _ digits: Int) -> String { String(format: "%.\(digits)f", value) }

    /// `86.4%`
    static func percent(_ fraction: Double) -> String { fixed(100 * fraction, 1) + "%" }

    /// `2:05`, `1:02:05`
    static func time(_ seconds: Double) -> String {
        ProgressDisplay.duration(seconds).trimmingCharacters(in: .whitespaces)
    }

    /// UTC, to the second.
    static func date(_ date: Date) -> String { date.ISO8601Format() }

    /// `86.4% (84.3 to 88.2, n = 1200)`
    static func score(_ score: Score) -> String {
        String(format: "%5.1f%% (%.1f to %.1f, n = %d)", 100 * score.value, 100 * score.low, 100 * score.high, score.n)
    }

    /// `strict 0.0%, lenient 27.1%`
    static func marks(_ both: BothScores) -> String {
        "strict \(percent(both.strict.value)), lenient \(percent(both.lenient.value))"
    }

    /// `a: 8 in flight, 3 failed`
    static func peer(_ peer: PeerStatus) -> String {
        let state = peer.breaker == "closed" ? "\(peer.inFlight ?? 0) in flight" : "breaker \(peer.breaker ?? "")"
        return "\(peer.name): \(state)" + (peer.failures > 0 ? ", \(peer.failures) failed" : "")
    }

    /// What models and endpoints wrote, on its way to a terminal: without characters that would steer it. Line ends and
    /// tabs stay.
    static func harmless(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: steers) else { return text }
        return String(String.UnicodeScalarView(text.unicodeScalars.map { steers($0) ? "\u{FFFD}" : $0 }))
    }

    private static func steers(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x09, 0x0A: false
        case 0..<0x20, 0x7F..<0xA0, 0x61C, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069: true
        default: false
        }
    }

    /// Columns side by side, two spaces apart; the last one may run on, and its further lines stand below the first.
    static func table(_ rows: [[String]]) -> [String] {
        let columns = rows.map(\.count).max() ?? 0
        let widths = (0..<columns).map { column in
            rows.compactMap { $0.indices.contains(column) ? $0[column].count : nil }.max() ?? 0
        }
        return rows.map { row in
            var line = ""
            for (column, cell) in row.enumerated() {
                let isLast = column + 1 == row.count
                line +=
                    isLast
                    ? cell.split(separator: "\n", omittingEmptySubsequences: false)
                        .joined(separator: "\n" + String(repeating: " ", count: line.count))
                    : cell.padding(toLength: widths[column] + 2, withPad: " ", startingAt: 0)
            }
            return String(line.reversed().drop { $0 == " " }.reversed())
        }
    }
}
