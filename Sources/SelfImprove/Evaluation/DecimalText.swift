/// Decimal numbers as they stand in texts, and the one way to write each.
enum DecimalText {
    /// The last number of a text, in its canonical form: `1,234.50` is `1234.5`, and a period that ends a sentence is
    /// none of it. Digits that a letter stands before (H2O) and those with several points (1.2.3) are no number.
    static func last(in text: [Unicode.Scalar]) -> String? {
        var scan = Scan(text: text)
        var last: String?
        while scan.index < text.count { if let number = scan.next() { last = number } }
        return last
    }

    /// The same text for equal numbers: no sign of plus, no zeros that say nothing, an exponent only where zeros would
    /// fill a line.
    /// - Parameter number: of JSON's grammar; zeros may lead.
    static func canonical(_ number: String) -> String {
        var digits: [UInt8] = [], exponent = 0, isNegative = false, isFraction = false
        let parts = number.split(whereSeparator: { $0 == "e" || $0 == "E" })
        for byte in (parts.first ?? "").utf8 {
            switch byte {
            case UInt8(ascii: "-"): isNegative = true
            case UInt8(ascii: "."): isFraction = true
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                digits.append(byte)
                if isFraction { exponent -= 1 }
            default: break
            }
        }
        if parts.count > 1 {
            let largest = 1_000_000_000
            exponent += max(-largest, min(largest, Int(parts[1]) ?? (parts[1].hasPrefix("-") ? -largest : largest)))
        }
        digits = Array(digits.drop { $0 == UInt8(ascii: "0") })
        while digits.last == UInt8(ascii: "0") {
            digits.removeLast()
            exponent += 1
        }
        return (isNegative && !digits.isEmpty ? "-" : "") + plain(String(decoding: digits, as: UTF8.self), exponent)
    }

    private static let mostZeros = 40

    /// `digits` times ten to the power of `exponent`.
    private static func plain(_ digits: String, _ exponent: Int) -> String {
        if digits.isEmpty { return "0" }
        func zeros(_ count: Int) -> String { String(repeating: "0", count: count) }
        switch exponent {
        case 0...mostZeros: return digits + zeros(exponent)
        case -digits.count + 1..<0: return digits.dropLast(-exponent) + "." + digits.suffix(-exponent)
        case -mostZeros - digits.count..<0: return "0." + zeros(-exponent - digits.count) + digits
        default: return "\(digits)e\(exponent)"
        }
    }

    // MARK: Scanning

    private struct Scan {
        let text: [Unicode.Scalar]
        var index = 0

        private func scalar(_ index: Int) -> Unicode.Scalar? { text.indices.contains(index) ? text[index] : nil }
        private func isDigit(_ index: Int) -> Bool { scalar(index).map { ("0"..."9").contains($0) } ?? false }
        private func isWord(_ index: Int) -> Bool { scalar(index).map(ScalarSet.Class.word.contains) ?? false }

        /// The number that begins here; else steps over what is none.
        mutating func next() -> String? {
            let start = index
            guard isDigit(index) || (scalar(index) == "." && isDigit(index + 1)) else {
                index += 1
                return nil
            }
            var number = isNegative(start) ? "-" : ""
            number += whole()
            if scalar(index) == ".", isDigit(index + 1) {
                index += 1
                number += "." + digits()
            }
            let isNumber = !isWord(start - 1) && !skipsMorePoints()
            if let exponent = exponent() { number += exponent }
            return isNumber ? DecimalText.canonical(number) : nil
        }

        private mutating func digits() -> String {
            var digits = String.UnicodeScalarView()
            while isDigit(index) {
                digits.append(text[index])
                index += 1
            }
            return String(digits)
        }

        /// Digits, thousands separated by commas or not.
        private mutating func whole() -> String {
            var number = digits()
            guard (1...3).contains(number.utf8.count) else { return number }
            while scalar(index) == ",", (1...3).allSatisfy({ isDigit(index + $0) }), !isDigit(index + 4) {
                index += 1
                number += digits()
            }
            return number
        }

        /// A second point makes it a version or an address.
        private mutating func skipsMorePoints() -> Bool {
            var found = false
            while scalar(index) == ".", isDigit(index + 1) {
                index += 1
                _ = digits()
                found = true
            }
            return found
        }

        private mutating func exponent() -> String? {
            guard scalar(index) == "e" || scalar(index) == "E" else { return nil }
            let sign = scalar(index + 1) == "-" || scalar(index + 1) == "+" ? 1 : 0
            var end = index + 1 + sign
            guard isDigit(end) else { return nil }
            while isDigit(end) { end += 1 }
            guard !isWord(end) else { return nil }
            defer { index = end }
            var exponent = String.UnicodeScalarView()
            exponent.append(contentsOf: text[index..<end])
            return String(exponent)
        }

        /// A minus right before the number, or before its currency sign; between two words it is a hyphen.
        private func isNegative(_ start: Int) -> Bool {
            var sign = start - 1
            if let before = scalar(sign), before.properties.generalCategory == .currencySymbol { sign -= 1 }
            guard let minus = scalar(sign), minus == "-" || minus == "\u{2212}" else { return false }
            return !isWord(sign - 1) && scalar(sign - 1) != ")" && scalar(sign - 1) != "]"
        }
    }
}
