/// The filters of `|`. Those of Jinja that are missing are refused: they write HTML, wrap words, or draw at random.
enum JinjaFilter: String {
    case trim, upper, lower, capitalize, title, replace, string, safe, escape, e, indent, wordcount, truncate, center,
        format
    case length, count, first, last, list, join, reverse, sort, unique, sum, min, max, map, select, reject, selectattr,
        rejectattr, batch, slice
    case items, dictsort, attr
    case `default`, d, tojson, int, float, abs, round

    /// What a text marked as safe may go through.
    var takesMarkup: Bool { [.string, .safe, .escape, .e, .length, .count, .default, .d, .tojson].contains(self) }
}

extension JinjaRendering {
    func apply(_ filter: JinjaFilter, _ value: JinjaValue, _ call: JinjaCall) throws -> JinjaValue {
        if case .markup = value, !filter.takesMarkup {
            throw JinjaFailure.unsupported("the filter '\(filter.rawValue)' on a text marked as safe")
        }
        let name = "the filter '\(filter.rawValue)'"
        func arguments(_ names: [String], required: Int = 0) throws -> [JinjaValue?] {
            try call.bound(to: names, name, required: required)
        }
        func integer(_ value: JinjaValue?, default preset: Int) throws -> Int {
            guard let value else { return preset }
            guard let integer = value.index else {
                throw JinjaFailure.python("\(name) takes a whole number, not '\(value.typeName)'")
            }
            return integer
        }
        switch filter {
        case .trim:
            let given = try arguments(["chars"])[0] ?? .none
            let text = try string(value)
            try charge(text.count >> 5)
            switch given {
            case .none: return .string(PythonText.strip(text, nil, left: true, right: true))
            case .string(let characters): return .string(PythonText.strip(text, characters, left: true, right: true))
            default: throw JinjaFailure.python("strip arg must be None or str")
            }
        case .upper, .lower, .capitalize, .title, .wordcount:
            try call.nothing(name)
            return try changed(filter, try string(value))
        case .replace:
            let given = try arguments(["old", "new", "count"], required: 2)
            var limit = -1
            if let count = given[2], case .int(let number) = count { limit = number }
            return try replaced(try string(value), try string(given[0] ?? .none), try string(given[1] ?? .none), limit)
        case .string:
            try call.nothing(name)
            if case .markup = value { return value }
            return .string(try string(value))
        case .safe:
            try call.nothing(name)
            return .markup(try string(value))
        case .escape, .e:
            try call.nothing(name)
            if case .markup = value { return value }
            return .markup(try escaped(try string(value)))
        case .indent:
            let given = try arguments(["width", "first", "blank"])
            return try indented(
                value,
                given[0] ?? .int(4),
                first: given[1]?.isTrue ?? false,
                blank: given[2]?.isTrue ?? false
            )
        case .truncate:
            let given = try arguments(["length", "killwords", "end", "leeway"])
            guard case .string(let text) = value else { throw JinjaFailure.python("\(name) takes a string") }
            guard case .string(let end) = given[2] ?? .text("...") else {
                throw JinjaFailure.python("\(name) takes a string as its end")
            }
            var leeway = 5
            if let value = given[3] { if case .none = value {} else { leeway = try integer(value, default: 5) } }
            return try truncated(text, try integer(given[0], default: 255), given[1]?.isTrue ?? false, end, leeway)
        case .center:
            let width = try integer(try arguments(["width"])[0], default: 80)
            let text = try string(value)
            let missing = max(min(width, Self.maximumBytes) - PythonText.count(text), 0)
            // Python puts the odd one to the left where the width is odd.
            let left = missing / 2 + (missing & width & 1)
            return try self.text(
                try padded(
                    try padded(text, PythonText.count(text) + left, [Ascii.space], left: true),
                    width,
                    [Ascii.space],
                    left: false
                )
            )
        case .format:
            let text = try string(value)
            guard call.positional.isEmpty || call.named.isEmpty else {
                throw JinjaFailure.python("\(name) can't handle positional and keyword arguments at the same time")
            }
            if call.named.isEmpty {
                return try self.text(try formatted(text, .tuple(try JinjaSequence(call.positional))))
            }
            return try self.text(
                try formatted(text, .dictionary(try JinjaDictionary(call.named.map { (.text($0.name), $0.value) })))
            )
        case .length, .count:
            try call.nothing(name)
            if case .loop = value { throw JinjaFailure.unsupported("\(name) on 'loop'") }
            guard let length = length(value) else {
                throw JinjaFailure.python("object of type '\(value.typeName)' has no len()")
            }
            return .int(length)
        case .first:
            try call.nothing(name)
            return try iterator(value).next() ?? .undefined(JinjaUndefined("No first item, sequence was empty."))
        case .last:
            try call.nothing(name)
            return try reversed(value).last ?? .undefined(JinjaUndefined("No last item, sequence was empty."))
        case .list:
            try call.nothing(name)
            return try list(try elements(value))
        case .join:
            let given = try arguments(["d", "attribute"])
            let getter = try attributeGetter(given[1])
            let separator = try given[0].map { try string($0) } ?? []
            return try joined(try elements(value).map { try string(try getter($0)) }, separator)
        case .reverse:
            try call.nothing(name)
            if case .string(let text) = value { return try self.text(PythonText.slice(text, nil, nil, -1)) }
            if case .generator = value { return try list(try elements(value).reversed()) }
            return .generator(try generator(over: value, JinjaIterator(try reversed(value).reversed())) { $0 })
        case .sort:
            let given = try arguments(["reverse", "case_sensitive", "attribute"])
            let getter = try attributesGetter(given[2], ignoresCase: !(given[1]?.isTrue ?? false))
            return try list(try sorted(try elements(value), by: getter, reverse: given[0]?.isTrue ?? false))
        case .unique:
            let given = try arguments(["case_sensitive", "attribute"])
            let getter = try attributeGetter(given[1], ignoresCase: !(given[0]?.isTrue ?? false))
            var seen: Set<JinjaKey> = []
            return .generator(
                try generator(over: value, try iterator(value)) {
                    seen.insert(try JinjaKey(try getter($0))).inserted ? $0 : nil
                }
            )
        case .sum:
            let given = try arguments(["attribute", "start"])
            let getter = try attributeGetter(given[0])
            var sum = given[1] ?? .int(0)
            if case .string = sum { throw JinjaFailure.python("sum() can't sum strings") }
            for item in try elements(value) {
                try charge(1)
                sum = try add(sum, try getter(item))
            }
            return sum
        case .min, .max:
            let given = try arguments(["case_sensitive", "attribute"])
            let getter = try attributeGetter(given[1], ignoresCase: !(given[0]?.isTrue ?? false))
            var best: (key: JinjaValue, value: JinjaValue)?
            for item in try elements(value) {
                try charge(1)
                let key = try getter(item)
                if let known = best, try !isOrdered(key, known.key, filter == .min ? "<" : ">") { continue }
                best = (key, item)
            }
            return best?.value ?? .undefined(JinjaUndefined("No aggregated item, sequence was empty."))
        case .map, .select, .reject, .selectattr, .rejectattr: return try lazily(filter, value, call)
        case .batch:
            let given = try arguments(["linecount", "fill_with"], required: 1)
            return .generator(try batches(value, try integer(given[0], default: 0), given[1] ?? .none))
        case .slice: throw JinjaFailure.unsupported(name)
        case .items:
            try call.nothing(name)
            if value.isUndefined { return .generator(try generator(over: value, JinjaIterator([])) { $0 }) }
            guard case .dictionary(let dictionary) = value else {
                throw JinjaFailure.python("Can only get item pairs from a mapping.")
            }
            return .generator(try generator(over: value, JinjaIterator(try items(dictionary))) { $0 })
        case .dictsort:
            let given = try arguments(["case_sensitive", "by", "reverse"])
            guard case .dictionary(let dictionary) = value else { throw JinjaFailure.python("\(name) takes a mapping") }
            let by = try given[1].map { try string($0) } ?? Array("key".utf8)
            guard by == Array("key".utf8) || by == Array("value".utf8) else {
                throw JinjaFailure.python("You can only sort by either \"key\" or \"value\"")
            }
            let place = by == Array("key".utf8) ? 0 : 1
            let ignoresCase = !(given[0]?.isTrue ?? false)
            func key(_ pair: JinjaValue) throws -> JinjaValue {
                guard case .tuple(let parts) = pair, place < parts.values.count else { return .none }
                return ignoresCase ? try lowered(parts.values[place]) : parts.values[place]
            }
            return try list(try sorted(try items(dictionary), by: key, reverse: given[2]?.isTrue ?? false))
        case .attr:
            guard case .string(let attribute)? = try arguments(["name"], required: 1)[0] else {
                throw JinjaFailure.python("attribute name must be string")
            }
            let text = String(decoding: attribute, as: UTF8.self)
            switch value {
            case .namespace, .loop, .undefined, .missing: return try self.attribute(value, text, attribute)
            default:
                if attribute.starts(with: [0x5F, 0x5F]) {
                    throw JinjaFailure.unsupported("the attribute '\(text.prefix(40))'")
                }
                return try method(value, text)
                    ?? .undefined(JinjaUndefined("'\(value.typeName) object' has no attribute '\(text)'"))
            }
        case .default, .d:
            let given = try arguments(["default_value", "boolean"])
            let isReplaced = value.isUndefined || (given[1]?.isTrue ?? false) && !value.isTrue
            return isReplaced ? given[0] ?? .string([]) : value
        case .tojson:
            let given = try arguments(["ensure_ascii", "indent", "separators", "sort_keys"])
            return try text(try json(value, try JinjaJSON(given)))
        case .int: return try converted(value, try arguments(["default", "base"]))
        case .float:
            let preset = try arguments(["default"])[0] ?? .float(0)
            switch value {
            case .int(let number): return .float(Double(number))
            case .bool(let flag): return .float(flag ? 1 : 0)
            case .float: return value
            case .string(let text): return PythonText.real(text).map { .float($0) } ?? preset
            case .undefined, .missing: throw used(value)
            default: return preset
            }
        case .abs:
            try call.nothing(name)
            switch value {
            case .float(let number): return .float(number.magnitude)
            case .int, .bool:
                let number = value.index ?? 0
                return number < 0 ? try negative(.int(number)) : .int(number)
            default:
                throw value.isUndefined
                    ? used(value) : JinjaFailure.python("bad operand type for abs(): '\(value.typeName)'")
            }
        case .round:
            let given = try arguments(["precision", "method"])
            return try rounded(
                value,
                try integer(given[0], default: 0),
                try given[1].map { try string($0) } ?? Array("common".utf8)
            )
        }
    }

    // MARK: Items

    /// What Python's `reversed` takes, in its own order.
    private func reversed(_ value: JinjaValue) throws -> [JinjaValue] {
        switch value {
        case .generator: throw JinjaFailure.python("'generator' object is not reversible")
        default: return try elements(value)
        }
    }

    /// The items that `transform` gives something for.
    private func generator(
        over source: JinjaValue,
        _ items: JinjaIterator,
        _ transform: @escaping (JinjaValue) throws -> JinjaValue?
    ) throws -> JinjaGenerator {
        try JinjaGenerator(over: source.depth) { [unowned self] in
            try checkStack()
            while let item = try items.next() {
                try charge(1)
                if let value = try transform(item) { return value }
            }
            return nil
        }
    }

    /// `map` and its kin, which Python does item by item when they are asked for.
    private func lazily(_ filter: JinjaFilter, _ value: JinjaValue, _ call: JinjaCall) throws -> JinjaValue {
        // An empty sequence is not looked at, so neither are the arguments.
        guard value.isTrue else { return .generator(try generator(over: value, JinjaIterator([])) { $0 }) }
        var rest = call
        if filter == .map {
            if call.positional.isEmpty, let attribute = call.named.first(where: { $0.name == "attribute" }) {
                let preset = call.named.first { $0.name == "default" }?.value
                guard call.named.allSatisfy({ ["attribute", "default"].contains($0.name) }) else {
                    throw JinjaFailure.python("unexpected keyword argument of 'map'")
                }
                let getter = try attributeGetter(attribute.value, default: preset)
                return .generator(try generator(over: value, try iterator(value)) { try getter($0) })
            }
            let inner = try named(&rest, JinjaFilter.init(rawValue:), "filter")
            return .generator(
                try generator(over: value, try iterator(value)) { [unowned self] in try apply(inner, $0, rest) }
            )
        }
        var getter: (JinjaValue) throws -> JinjaValue = { $0 }
        if filter == .selectattr || filter == .rejectattr {
            guard let attribute = rest.positional.first else {
                throw JinjaFailure.python("Missing parameter for attribute name")
            }
            rest.positional.removeFirst()
            getter = try attributeGetter(attribute)
        }
        let keeps = filter == .select || filter == .selectattr
        guard !rest.positional.isEmpty else {
            return .generator(
                try generator(over: value, try iterator(value)) { try getter($0).isTrue == keeps ? $0 : nil }
            )
        }
        let test = try named(&rest, JinjaTest.init(rawValue:), "test")
        return .generator(
            try generator(over: value, try iterator(value)) { [unowned self] in
                try apply(test, try getter($0), rest) == keeps ? $0 : nil
            }
        )
    }

    private func named<Found>(_ call: inout JinjaCall, _ find: (String) -> Found?, _ what: String) throws -> Found {
        guard case .string(let name)? = call.positional.first else {
            throw JinjaFailure.python("the name of a \(what) is missing")
        }
        call.positional.removeFirst()
        let text = String(decoding: name, as: UTF8.self)
        guard let found = find(text) else { throw JinjaFailure.unsupported("the \(what) '\(text.prefix(40))'") }
        return found
    }

    private func lowered(_ value: JinjaValue) throws -> JinjaValue {
        if case .string(let text) = value { return .string(try PythonText.lower(text)) }
        return value
    }

    /// `make_attrgetter`: a path of names and indices.
    private func attributeGetter(_ attribute: JinjaValue?, ignoresCase: Bool = false, default preset: JinjaValue? = nil)
        throws -> (JinjaValue) throws ->
        JinjaValue
    {
        var parts: [JinjaValue] = []
        switch attribute {
        case nil, .some(.none): break
        case .string(let text)?:
            parts = PythonText.split(text, [UInt8(ascii: ".")], limit: -1, fromRight: false).map { part in
                if !part.isEmpty, part.allSatisfy(Ascii.isDigit), let index = Int(String(decoding: part, as: UTF8.self))
                {
                    return .int(index)
                }
                return .string(part)
            }
        case .some(let other): parts = [other]
        }
        var fallback = preset
        if case .some(.none) = fallback { fallback = nil }
        return { [unowned self] value in
            var value = value
            for part in parts {
                value = try item(value, part)
                if let fallback, value.isUndefined { value = fallback }
            }
            return ignoresCase ? try lowered(value) : value
        }
    }

    /// `make_multi_attrgetter`: paths with commas between them, for sorting. A list always, so that what is undefined
    /// compares equal.
    private func attributesGetter(_ attribute: JinjaValue?, ignoresCase: Bool) throws -> (JinjaValue) throws ->
        JinjaValue
    {
        var paths = [attribute]
        if case .string(let text)? = attribute {
            paths = PythonText.split(text, [UInt8(ascii: ",")], limit: -1, fromRight: false).map { .string($0) }
        }
        let getters = try paths.map { try attributeGetter($0, ignoresCase: ignoresCase) }
        return { value in .list(try JinjaSequence(try getters.map { try $0(value) })) }
    }

    private func batches(_ value: JinjaValue, _ size: Int, _ filling: JinjaValue) throws -> JinjaGenerator {
        let items = try iterator(value)
        guard size > 0, size <= Self.maximumElements else { throw JinjaFailure.unsupported("batches of \(size)") }
        return try JinjaGenerator(over: value.depth) { [unowned self] in
            var batch: [JinjaValue] = []
            while batch.count < size, let item = try items.next() { batch.append(item) }
            if batch.isEmpty { return nil }
            if case .none = filling {
            } else {
                try chargeElements(size)
                while batch.count < size { batch.append(filling) }
            }
            return try list(batch)
        }
    }

    // MARK: Texts

    private func changed(_ filter: JinjaFilter, _ text: [UInt8]) throws -> JinjaValue {
        try charge(text.count)
        switch filter {
        case .upper: return try self.text(PythonText.upper(text))
        case .lower: return try self.text(try PythonText.lower(text))
        case .capitalize: return try self.text(try PythonText.capitalize(text))
        case .title: return try self.text(try PythonText.jinjaTitle(text))
        default:
            guard PythonText.isAscii(text) else { throw JinjaFailure.unsupported("counting words that are not ASCII") }
            var count = 0, isInside = false
            for byte in text {
                if Ascii.isWord(byte), !isInside { count += 1 }
                isInside = Ascii.isWord(byte)
            }
            return .int(count)
        }
    }

    private func escaped(_ text: [UInt8]) throws -> [UInt8] {
        try chargeBytes(text.count * 5)
        var out: [UInt8] = []
        for byte in text {
            switch byte {
            case UInt8(ascii: "&"): out += "&amp;".utf8
            case UInt8(ascii: "<"): out += "&lt;".utf8
            case UInt8(ascii: ">"): out += "&gt;".utf8
            case UInt8(ascii: "'"): out += "&#39;".utf8
            case UInt8(ascii: "\""): out += "&#34;".utf8
            default: out.append(byte)
            }
        }
        return out
    }

    private func indented(_ value: JinjaValue, _ width: JinjaValue, first: Bool, blank: Bool) throws -> JinjaValue {
        guard case .string(let text) = value else {
            throw value.isUndefined ? used(value) : JinjaFailure.python("the filter 'indent' takes a string")
        }
        var indentation: [UInt8]
        if case .string(let given) = width {
            indentation = given
        } else {
            guard let count = width.index else {
                throw JinjaFailure.python("the filter 'indent' takes a number or a string")
            }
            guard count <= 10_000 else { throw JinjaFailure.limit("an indentation that is too wide") }
            indentation = Array(repeating: Ascii.space, count: max(count, 0))
        }
        let lines = PythonText.lines(text + [Ascii.newline])
        let (growth, overflow) = (lines.count + 1).multipliedReportingOverflow(by: indentation.count)
        guard !overflow else { throw JinjaFailure.limit("a text that is too long") }
        try chargeBytes(text.count + growth)
        var out: [UInt8] = first ? indentation : []
        for (index, line) in lines.enumerated() {
            if index > 0 {
                out.append(Ascii.newline)
                if blank || !line.isEmpty { out += indentation }
            }
            out += line
        }
        return .string(out)
    }

    private func truncated(_ text: [UInt8], _ length: Int, _ killsWords: Bool, _ end: [UInt8], _ leeway: Int) throws
        -> JinjaValue
    {
        let endCount = PythonText.count(end)
        guard length >= endCount, leeway >= 0, length < 1 << 40, leeway < 1 << 40 else {
            throw JinjaFailure.python("the filter 'truncate' has a length or leeway that does not fit")
        }
        guard PythonText.count(text) > length + leeway else { return .string(text) }
        let head = PythonText.slice(text, nil, length - endCount, 1)
        if killsWords { return .string(head + end) }
        return .string((PythonText.split(head, [Ascii.space], limit: 1, fromRight: true).first ?? []) + end)
    }
}
