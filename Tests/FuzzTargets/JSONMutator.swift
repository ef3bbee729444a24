import LocalLM
import ModelFiles

/// Mutations of a JSON tree: most results are JSON again, and say something else.
struct JSONMutator {
    /// Keys and strings that mean something in the format.
    let words: [String]
    /// Whole values that mean something there.
    var fragments: [JSONValue] = []

    func mutate(_ value: inout JSONValue, _ random: inout RandomStream) {
        for _ in 0..<random.small() { descend(&value, &random) }
    }

    /// Mutates this node, or one below it.
    private func descend(_ value: inout JSONValue, _ random: inout RandomStream) {
        switch value {
        case .array(var values) where !values.isEmpty && !random.one(in: 4):
            descend(&values[random.integer(below: values.count)], &random)
            value = .array(values)
        case .object(var members) where !members.isEmpty && !random.one(in: 5):
            descend(&members[random.integer(below: members.count)].value, &random)
            value = .object(members)
        default: mutateNode(&value, &random)
        }
    }

    private func mutateNode(_ value: inout JSONValue, _ random: inout RandomStream) {
        if random.one(in: 5) { return value = replacement(&random) }
        switch value {
        case .number(let text): value = number(text, &random)
        case .string(let text): value = .string(string(text, &random))
        case .array(let values): value = .array(array(values, &random))
        case .object(let members): value = .object(object(members, &random))
        case .bool(let flag): value = random.one(in: 4) ? replacement(&random) : .bool(!flag)
        case .null: value = replacement(&random)
        }
    }

    private func replacement(_ random: inout RandomStream) -> JSONValue {
        switch random.integer(below: 12) {
        case 0: return .null
        case 1: return .bool(random.one(in: 2))
        case 2, 3: return .number(random.element(of: Mutator.edgeNumbers))
        case 4, 5: return .string(random.element(of: words))
        case 6: return .array([])
        case 7: return .object([])
        case 8:
            // Around the parser's limit, and far beyond it.
            var nested = JSONValue.number("1")
            for _ in 0..<random.element(of: [1, 3, 100, 120, 126, 127, 128, 129, 200]) {
                nested = random.one(in: 2) ? .array([nested]) : .object([.init("a", nested)])
            }
            return nested
        case 9: return .array((0..<random.element(of: [1, 2, 3, 50])).map { .number(String($0)) })
        default: return fragments.isEmpty ? .string(random.element(of: words)) : random.element(of: fragments)
        }
    }

    private func number(_ text: String, _ random: inout RandomStream) -> JSONValue {
        let value = Int(text)
        switch random.integer(below: 8) {
        case 0..<3: return .number(random.element(of: Mutator.edgeNumbers))
        case 3: return .number(value.map { String($0 &+ 1) } ?? "1")
        case 4: return .number(value.map { String($0 &- 1) } ?? "-1")
        case 5: return .number(value.map { String($0 &* random.element(of: [2, 4, 3, -1, 1 << 20])) } ?? "-" + text)
        case 6: return .string(text)
        default:
            return random.one(in: 8)
                ? .number(text + String(repeating: "0", count: 1 << random.integer(below: 14))) : .number(text + ".0")
        }
    }

    private func string(_ text: String, _ random: inout RandomStream) -> String {
        switch random.integer(below: 10) {
        case 0..<4: return random.element(of: words)
        case 4: return String(text.dropLast(random.small()))
        case 5: return text + random.element(of: words)
        case 6: return random.element(of: words) + text
        case 7:
            return text
                + random.element(of: [
                    "\u{0}", "\u{301}", "\u{FFFD}", "\u{1F600}", "\u{2028}", "\u{212A}", "\u{7F}", " ", "\n", "\\", "/",
                    "\u{10FFFF}", "é", "e\u{301}",
                ])
        case 8:
            return String(repeating: text.isEmpty ? "x" : text, count: random.element(of: [0, 2, 3, 100])).prefixed(
                1 << 12
            )
        default: return String(text.reversed())
        }
    }

    private func array(_ values: [JSONValue], _ random: inout RandomStream) -> [JSONValue] {
        var values = values
        guard !values.isEmpty else { return [replacement(&random)] }
        let at = random.integer(below: values.count)
        switch random.integer(below: 6) {
        case 0: values.remove(at: at)
        case 1: values.insert(values[at], at: random.integer(below: values.count + 1))
        case 2: values.swapAt(at, random.integer(below: values.count))
        case 3: values.insert(replacement(&random), at: at)
        case 4: values.append(contentsOf: (0..<random.element(of: [2, 8, 64])).map { _ in values[at] })
        default: values.removeSubrange(at...)
        }
        return values
    }

    private func object(_ members: [JSONValue.Member], _ random: inout RandomStream) -> [JSONValue.Member] {
        var members = members
        guard !members.isEmpty else { return [.init(random.element(of: words), replacement(&random))] }
        let at = random.integer(below: members.count), other = random.integer(below: members.count)
        switch random.integer(below: 7) {
        case 0, 1: members.remove(at: at)
        case 2: members.insert(.init(random.element(of: words), replacement(&random)), at: at)
        case 3: members[at] = .init(string(members[at].key, &random), members[at].value)
        case 4: (members[at].value, members[other].value) = (members[other].value, members[at].value)
        case 5: members.swapAt(at, other)
        default: members.insert(members[at], at: other)
        }
        return members
    }
}

extension JSONValue {
    var bytes: [UInt8] { Array(text().utf8) }
}

extension String {
    /// At most so many bytes, cut between characters.
    fileprivate func prefixed(_ length: Int) -> String {
        utf8.count <= length ? self : String(decoding: Array(utf8.prefix(length)), as: UTF8.self)
    }
}
