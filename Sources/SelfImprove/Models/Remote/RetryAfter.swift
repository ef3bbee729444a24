import Foundation

/// How long an endpoint asks to be left alone (RFC 9110, section 10.2.3).
enum RetryAfter {
    /// Seconds from now; nil where it does not say, or not in a form that is known. `retry-after-ms`, which OpenAI and
    /// Azure send, is the more exact one and goes first.
    static func seconds(_ reply: HTTPReply, now: Date) -> Double? {
        if let milliseconds = reply.header("retry-after-ms").flatMap(number) { return milliseconds / 1000 }
        guard let text = reply.header("retry-after") else { return nil }
        if let seconds = number(text) { return seconds }
        return date(text).map { max(0, $0 - now.timeIntervalSince1970) }
    }

    /// A number that is not negative, of digits and at most one point.
    private static func number(_ text: String) -> Double? {
        guard text.utf8.count <= 20, text.utf8.allSatisfy({ (0x30...0x39).contains($0) || $0 == UInt8(ascii: ".") })
        else {
            return nil
        }
        return Double(text)
    }

    private static let months = [
        "Jan": 1, "Feb": 2, "Mar": 3, "Apr": 4, "May": 5, "Jun": 6, "Jul": 7, "Aug": 8, "Sep": 9, "Oct": 10, "Nov": 11,
        "Dec": 12,
    ]

    /// Seconds since 1970 of `Sun, 06 Nov 1994 08:49:37 GMT`. Two older forms, which must not be sent, are not read.
    private static func date(_ text: String) -> Double? {
        guard text.utf8.count == 29, text.hasSuffix(" GMT") else { return nil }
        let parts = text.split(separator: " ")
        guard parts.count == 6, parts[0].hasSuffix(","), let day = Int(parts[1]), let month = months[String(parts[2])],
            let year = Int(parts[3])
        else { return nil }
        let time = parts[4].split(separator: ":").compactMap { Int($0) }
        guard (1...31).contains(day), (1970...9999).contains(year), time.count == 3, (0..<24).contains(time[0]),
            (0..<60).contains(time[1]), (0...60).contains(time[2])
        else { return nil }
        // Days of the civil calendar, the year beginning with March.
        let shifted = month > 2 ? year : year - 1
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let days = shifted * 365 + shifted / 4 - shifted / 100 + shifted / 400 + dayOfYear - 719_468
        return Double(days * 86_400 + time[0] * 3600 + time[1] * 60 + time[2])
    }
}
