/// What Python's `str` does, on UTF-8. A character is a Unicode scalar.
enum PythonText {
    // MARK: Characters

    /// `str.isspace` of one character.
    static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x09...0x0D, 0x1C...0x20, 0x85, 0xA0, 0x1680, 0x2000...0x200A, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000: true
        default: false
        }
    }

    static func isContinuation(_ byte: UInt8) -> Bool { byte & 0xC0 == 0x80 }

    /// The character that begins at `offset`, which is within.
    static func scalar(_ text: [UInt8], _ offset: Int) -> (scalar: Unicode.Scalar, length: Int) {
        let first = text[offset]
        if first < 0x80 { return (Unicode.Scalar(first), 1) }
        let length = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4
        var value = UInt32(first) & (length == 2 ? 0x1F : length == 3 ? 0x0F : 0x07)
        for index in (offset + 1)..<min(offset + length, text.count) { value = value << 6 | UInt32(text[index] & 0x3F) }
        return (Unicode.Scalar(value) ?? "\u{FFFD}", min(length, text.count - offset))
    }

    static func scalars(_ text: [UInt8]) -> [Unicode.Scalar] {
        Array(String(decoding: text, as: UTF8.self).unicodeScalars)
    }

    static func bytes<Scalars: Sequence<Unicode.Scalar>>(_ scalars: Scalars) -> [UInt8] {
        var out: [UInt8] = []
        for scalar in scalars { out += UTF8.encode(scalar)! }
        return out
    }

    static func count(_ text: [UInt8]) -> Int {
        var count = 0
        for byte in text where !isContinuation(byte) { count += 1 }
        return count
    }

    static func isAscii(_ text: [UInt8]) -> Bool { text.allSatisfy { $0 < 0x80 } }

    /// Every character by itself.
    static func characters(_ text: [UInt8]) -> [JinjaValue] {
        var out: [JinjaValue] = []
        var offset = 0
        while offset < text.count {
            let length = scalar(text, offset).length
            out.append(.string(Array(text[offset..<(offset + length)])))
            offset += length
        }
        return out
    }

    /// The character of this index, counted from the end where it is negative.
    static func character(_ text: [UInt8], _ index: Int) -> [UInt8]? {
        if isAscii(text) {
            let place = index < 0 ? index + text.count : index
            return place >= 0 && place < text.count ? [text[place]] : nil
        }
        let all = scalars(text)
        let place = index < 0 ? index + all.count : index
        return place >= 0 && place < all.count ? bytes([all[place]]) : nil
    }

    // MARK: White space

    static func skipSpace(_ text: [UInt8], from start: Int, to end: Int? = nil) -> Int {
        let end = end ?? text.count
        var offset = start
        while offset < end {
            let (scalar, length) = scalar(text, offset)
            guard isSpace(scalar) else { break }
            offset += length
        }
        return min(offset, end)
    }

    /// Where the white space at the end begins.
    static func trimmedEnd(_ text: [UInt8], _ range: Range<Int>) -> Int {
        trimmedEnd(text, range, where: isSpace)
    }

    private static func trimmedEnd(_ text: [UInt8], _ range: Range<Int>, where drops: (Unicode.Scalar) -> Bool) -> Int {
        var end = range.upperBound
        while end > range.lowerBound {
            var start = end - 1
            while start > range.lowerBound, isContinuation(text[start]) { start -= 1 }
            guard drops(scalar(text, start).scalar) else { break }
            end = start
        }
        return end
    }

    /// `strip`, `lstrip`, `rstrip`: white space, or the characters given.
    static func strip(_ text: [UInt8], _ characters: [UInt8]?, left: Bool, right: Bool) -> [UInt8] {
        let set = characters.map { Set(scalars($0)) }
        func drops(_ scalar: Unicode.Scalar) -> Bool { set?.contains(scalar) ?? isSpace(scalar) }
        var start = 0
        if left {
            while start < text.count {
                let (scalar, length) = scalar(text, start)
                guard drops(scalar) else { break }
                start += length
            }
        }
        let end = right ? trimmedEnd(text, start..<text.count, where: drops) : text.count
        return start == 0 && end == text.count ? text : Array(text[start..<end])
    }

    // MARK: Searching

    static func matches(_ text: [UInt8], _ part: [UInt8], at offset: Int) -> Bool {
        guard offset >= 0, offset + part.count <= text.count else { return false }
        for index in 0..<part.count where text[offset + index] != part[index] { return false }
        return true
    }

    static func find(_ text: [UInt8], _ part: [UInt8], from start: Int = 0) -> Int? {
        guard let first = part.first else { return start <= text.count ? start : nil }
        if part.count > 16 { return findLong(text[min(start, text.count)...], part).map { $0 + start } }
        var offset = start
        while offset + part.count <= text.count {
            if text[offset] == first, matches(text, part, at: offset) { return offset }
            offset += 1
        }
        return nil
    }

    static func findLast(_ text: [UInt8], _ part: [UInt8], before end: Int) -> Int? {
        if part.count > 16 {
            return findLong(text[..<end].reversed(), Array(part.reversed())).map { end - $0 - part.count }
        }
        var offset = end - part.count
        while offset >= 0 {
            if matches(text, part, at: offset) { return offset }
            offset -= 1
        }
        return nil
    }

    /// In time that grows with the lengths' sum (Knuth, Morris, Pratt): the naive search takes their product where a
    /// template means ill.
    private static func findLong(_ text: some Collection<UInt8>, _ part: [UInt8]) -> Int? {
        var fallback = [0], length = 0
        for index in 1..<part.count {
            while length > 0, part[index] != part[length] { length = fallback[length - 1] }
            if part[index] == part[length] { length += 1 }
            fallback.append(length)
        }
        length = 0
        for (index, byte) in text.enumerated() {
            while length > 0, byte != part[length] { length = fallback[length - 1] }
            if byte == part[length] { length += 1 }
            if length == part.count { return index + 1 - length }
        }
        return nil
    }

    /// `str.replace`; a negative `limit` is none.
    static func replace(_ text: [UInt8], _ old: [UInt8], _ new: [UInt8], limit: Int) -> [UInt8] {
        var out: [UInt8] = []
        var left = limit < 0 ? Int.max : limit
        var offset = 0
        if old.isEmpty {
            while left > 0 {
                out += new
                left -= 1
                guard offset < text.count else { return out }
                let length = scalar(text, offset).length
                out += text[offset..<(offset + length)]
                offset += length
            }
            return out + text[offset...]
        }
        while left > 0, let found = find(text, old, from: offset) {
            out += text[offset..<found]
            out += new
            offset = found + old.count
            left -= 1
        }
        return offset == 0 ? text : out + text[offset...]
    }

    static func occurrences(_ text: [UInt8], _ part: [UInt8]) -> Int {
        if part.isEmpty { return count(text) + 1 }
        var count = 0, offset = 0
        while let found = find(text, part, from: offset) {
            count += 1
            offset = found + part.count
        }
        return count
    }

    // MARK: Splitting

    static func split(_ text: [UInt8], _ separator: [UInt8]?, limit: Int, fromRight: Bool) -> [[UInt8]] {
        let limit = limit < 0 ? Int.max : limit
        guard let separator else { return splitSpace(text, limit: limit, fromRight: fromRight) }
        var parts: [[UInt8]] = []
        if fromRight {
            var end = text.count
            while parts.count < limit, let found = findLast(text, separator, before: end) {
                parts.append(Array(text[(found + separator.count)..<end]))
                end = found
            }
            parts.append(Array(text[..<end]))
            return parts.reversed()
        }
        var start = 0
        while parts.count < limit, let found = find(text, separator, from: start) {
            parts.append(Array(text[start..<found]))
            start = found + separator.count
        }
        return parts + [Array(text[start...])]
    }

    private static func splitSpace(_ text: [UInt8], limit: Int, fromRight: Bool) -> [[UInt8]] {
        var parts: [[UInt8]] = []
        if fromRight {
            var end = trimmedEnd(text, 0..<text.count)
            while end > 0 {
                if parts.count == limit {
                    parts.append(Array(text[..<end]))
                    break
                }
                var start = end
                while start > 0 {
                    var before = start - 1
                    while before > 0, isContinuation(text[before]) { before -= 1 }
                    if isSpace(scalar(text, before).scalar) { break }
                    start = before
                }
                parts.append(Array(text[start..<end]))
                end = trimmedEnd(text, 0..<start)
            }
            return parts.reversed()
        }
        var start = skipSpace(text, from: 0)
        while start < text.count {
            if parts.count == limit {
                parts.append(Array(text[start...]))
                break
            }
            var end = start
            while end < text.count {
                let (scalar, length) = scalar(text, end)
                if isSpace(scalar) { break }
                end += length
            }
            parts.append(Array(text[start..<end]))
            start = skipSpace(text, from: end)
        }
        return parts
    }

    static func lines(_ text: [UInt8], keepingEnds: Bool = false) -> [[UInt8]] {
        var lines: [[UInt8]] = []
        var start = 0, offset = 0
        while offset < text.count {
            let (scalar, length) = scalar(text, offset)
            switch scalar.value {
            case 0x0A...0x0D, 0x1C...0x1E, 0x85, 0x2028, 0x2029:
                var next = offset + length
                if scalar == "\r", next < text.count, text[next] == Ascii.newline { next += 1 }
                lines.append(Array(text[start..<(keepingEnds ? next : offset)]))
                start = next
                offset = next
            default: offset += length
            }
        }
        if start < text.count { lines.append(Array(text[start...])) }
        return lines
    }

    // MARK: Case

    static func upper(_ text: [UInt8]) -> [UInt8] {
        if isAscii(text) { return text.map { $0 >= 0x61 && $0 <= 0x7A ? $0 - 0x20 : $0 } }
        return scalars(text).flatMap { Array($0.properties.uppercaseMapping.utf8) }
    }

    /// - Throws: for a capital sigma, whose small form depends on its neighbours.
    static func lower(_ text: [UInt8]) throws -> [UInt8] {
        if isAscii(text) { return text.map { $0 >= 0x41 && $0 <= 0x5A ? $0 + 0x20 : $0 } }
        return try scalars(text).flatMap { scalar in
            if scalar == "\u{3A3}" { throw JinjaFailure.unsupported("the small form of a capital sigma") }
            return Array(scalar.properties.lowercaseMapping.utf8)
        }
    }

    static func capitalize(_ text: [UInt8]) throws -> [UInt8] {
        guard !text.isEmpty else { return text }
        let (first, length) = scalar(text, 0)
        return Array(first.properties.titlecaseMapping.utf8) + (try lower(Array(text[length...])))
    }

    static func isCased(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.isLowercase || scalar.properties.isUppercase
            || scalar.properties.generalCategory == .titlecaseLetter
    }

    /// `str.title`: a capital after everything that has no case.
    static func title(_ text: [UInt8]) throws -> [UInt8] {
        var out: [UInt8] = []
        var isInside = false
        for scalar in scalars(text) {
            out += isInside ? try lower(bytes([scalar])) : Array(scalar.properties.titlecaseMapping.utf8)
            isInside = isCased(scalar)
        }
        return out
    }

    /// The filter `title`: a capital only after white space and opening brackets.
    static func jinjaTitle(_ text: [UInt8]) throws -> [UInt8] {
        var out: [UInt8] = []
        var isInside = false
        for scalar in scalars(text) {
            if isSpace(scalar) || "-({[<".unicodeScalars.contains(scalar) {
                out += UTF8.encode(scalar)!
                isInside = false
            } else {
                out += isInside ? try lower(bytes([scalar])) : upper(bytes([scalar]))
                isInside = true
            }
        }
        return out
    }

    /// `islower` and `isupper`: something has case, and nothing has the other.
    static func hasOnlyCase(_ text: [UInt8], lower: Bool) -> Bool {
        var found = false
        for scalar in scalars(text) where isCased(scalar) {
            guard lower ? scalar.properties.isLowercase : scalar.properties.isUppercase else { return false }
            found = true
        }
        return found
    }

    // MARK: Slices

    /// The indices of `[start:stop:step]` in a sequence of this length.
    static func indices(_ start: Int?, _ stop: Int?, _ step: Int, count: Int) -> [Int] {
        let low = step > 0 ? 0 : -1, high = step > 0 ? count : count - 1
        func clamp(_ value: Int) -> Int {
            value < 0 ? (value < -count ? low : max(value + count, low)) : min(value, high)
        }
        let first = start.map(clamp) ?? (step > 0 ? low : high)
        let last = stop.map(clamp) ?? (step > 0 ? high : low)
        var out: [Int] = []
        var index = first
        while step > 0 ? index < last : index > last {
            out.append(index)
            let (next, overflows) = index.addingReportingOverflow(step)
            if overflows { break }
            index = next
        }
        return out
    }

    static func slice(_ text: [UInt8], _ start: Int?, _ stop: Int?, _ step: Int) -> [UInt8] {
        if isAscii(text) {
            let chosen = indices(start, stop, step, count: text.count)
            if step == 1 { return chosen.isEmpty ? [] : Array(text[chosen[0]...chosen[chosen.count - 1]]) }
            return chosen.map { text[$0] }
        }
        let all = scalars(text)
        return bytes(indices(start, stop, step, count: all.count).map { all[$0] })
    }
}
