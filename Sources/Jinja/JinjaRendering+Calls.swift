import Foundation

/// The arguments of a call, evaluated.
struct JinjaCall {
    var positional: [JinjaValue] = []
    var named: [(name: String, value: JinjaValue)] = []

    /// The arguments by the callee's parameters; nil where one is not given.
    func bound(to parameters: [String], _ callee: String, required: Int = 0) throws -> [JinjaValue?] {
        guard positional.count <= parameters.count else {
            throw JinjaFailure.python(
                "\(callee) takes at most \(parameters.count) arguments, \(positional.count) are given"
            )
        }
        var values: [JinjaValue?] = positional.map { $0 }
        values += Array(repeating: nil, count: parameters.count - positional.count)
        for (name, value) in named {
            guard let place = parameters.firstIndex(of: name) else {
                throw JinjaFailure.python("\(callee) has no argument '\(name)'")
            }
            guard values[place] == nil else { throw JinjaFailure.python("\(callee) got the argument '\(name)' twice") }
            values[place] = value
        }
        guard values.prefix(required).allSatisfy({ $0 != nil }) else {
            throw JinjaFailure.python("\(callee) lacks an argument")
        }
        return values
    }

    func nothing(_ callee: String) throws { _ = try bound(to: [], callee) }
}

extension JinjaRendering {
    func arguments(_ arguments: JinjaArguments) throws -> JinjaCall {
        var call = JinjaCall()
        if arguments.positional.isEmpty && arguments.named.isEmpty && arguments.spread == nil
            && arguments.spreadNamed == nil
        {
            return call
        }
        call.positional = try arguments.positional.map { try evaluate($0) }
        call.named = try arguments.named.map { ($0.name, try evaluate($0.value)) }
        if let spread = arguments.spread {
            let values = try elements(try evaluate(spread))
            try chargeElements(values.count)
            call.positional += values
        }
        if let spread = arguments.spreadNamed {
            guard case .dictionary(let dictionary) = try evaluate(spread) else {
                throw JinjaFailure.python("argument after ** must be a mapping")
            }
            for (key, value) in zip(dictionary.keys, dictionary.values) {
                try charge(call.named.count)
                guard case .string(let name) = key else { throw JinjaFailure.python("keywords must be strings") }
                let text = String(decoding: name, as: UTF8.self)
                guard !call.named.contains(where: { $0.name == text }) else {
                    throw JinjaFailure.python("got multiple values for the argument '\(text)'")
                }
                call.named.append((text, value))
            }
        }
        return call
    }

    func call(_ function: JinjaExpression, _ arguments: JinjaArguments, _ caller: JinjaValue?, _ line: Int) throws
        -> JinjaValue
    {
        // A method is called in place, without being made a value.
        if case .attribute(let receiver, let name, let bytes) = function.kind {
            let receiver = try evaluate(receiver)
            self.line = function.line
            guard let methods = JinjaMethod.names(of: receiver), methods.contains(name) else {
                return try call(try attribute(receiver, name, bytes), try self.arguments(arguments), caller, line)
            }
            var call = try self.arguments(arguments)
            if let caller { call.named.append(("caller", caller)) }
            self.line = line
            return try self.call(receiver, name, call)
        }
        return try call(try evaluate(function), try self.arguments(arguments), caller, line)
    }

    private func call(_ function: JinjaValue, _ arguments: JinjaCall, _ caller: JinjaValue?, _ line: Int) throws
        -> JinjaValue
    {
        var call = arguments
        if let caller { call.named.append(("caller", caller)) }
        self.line = line
        switch function {
        case .missing, .undefined: throw used(function)
        case .macro(let macro): return try self.call(macro, call)
        case .function(let function): return try self.call(function, call)
        case .method(let method): return try self.call(method.receiver, method.name, call)
        case .loop: throw JinjaFailure.python("the loop must have the 'recursive' marker to be called recursively")
        default: throw JinjaFailure.python("'\(function.typeName)' object is not callable")
        }
    }

    // MARK: Macros

    /// `Macro.__call__` of Jinja's runtime.
    private func call(_ macro: JinjaMacroValue, _ call: JinjaCall) throws -> JinjaValue {
        let definition = macro.definition
        let scope = JinjaActivation(definition.slotCount, macro.scope)
        try charge(definition.slotCount)
        var named = call.named
        func take(_ name: String) -> JinjaValue? {
            guard let place = named.firstIndex(where: { $0.name == name }) else { return nil }
            return named.remove(at: place).value
        }
        let name = definition.name.map { "the macro '\($0)'" } ?? "the call block"
        for (index, parameter) in definition.parameters.enumerated() {
            if index < call.positional.count {
                scope.slots[parameter.slot] = call.positional[index]
            } else if let value = take(parameter.text) {
                scope.slots[parameter.slot] = value
            }
        }
        if let caller = definition.caller {
            var value = take("caller") ?? .none
            if case .none = value { value = .undefined(JinjaUndefined("No caller defined")) }
            scope.slots[caller.slot] = value
        }
        if let keywords = definition.keywords {
            scope.slots[keywords.slot] = .dictionary(try JinjaDictionary(named.map { (.text($0.name), $0.value) }))
        } else if let (extra, _) = named.first {
            throw JinjaFailure.python("\(name) takes no keyword argument '\(extra)'")
        }
        let extra = Array(call.positional.dropFirst(definition.parameters.count))
        if let variadic = definition.variadic {
            scope.slots[variadic.slot] = .tuple(try JinjaSequence(extra))
        } else if !extra.isEmpty {
            throw JinjaFailure.python("\(name) takes not more than \(definition.parameters.count) argument(s)")
        }

        let outer = activation
        activation = scope
        defer { activation = outer }
        try checkStack()
        let text = try capture {
            enter(definition.frame)
            let required = definition.parameters.count - definition.defaults.count
            for (index, parameter) in definition.parameters.enumerated() {
                guard case .missing = scope.slots[parameter.slot] else { continue }
                scope.slots[parameter.slot] =
                    index < required
                    ? .undefined(JinjaUndefined("parameter '\(parameter.text)' was not provided"))
                    : try evaluate(definition.defaults[index - required])
            }
            return try execute(definition.body)
        }.text
        return .string(text)
    }

    // MARK: Functions

    private func call(_ function: JinjaFunction, _ call: JinjaCall) throws -> JinjaValue {
        switch function {
        case .range:
            let bounds = try call.bound(to: ["start", "stop", "step"], "range", required: 1).compactMap { $0 }
            guard call.named.isEmpty else { throw JinjaFailure.python("range() takes no keyword arguments") }
            let numbers = try bounds.map {
                guard let number = $0.index else {
                    throw $0.isUndefined
                        ? used($0) : JinjaFailure.python("'\($0.typeName)' object cannot be interpreted as an integer")
                }
                return number
            }
            if numbers.count == 1 { return .range(try JinjaRange(0, numbers[0], 1)) }
            return .range(try JinjaRange(numbers[0], numbers[1], numbers.count > 2 ? numbers[2] : 1))
        case .dict: return .dictionary(try JinjaDictionary(try pairs(call)))
        case .namespace:
            let namespace = JinjaNamespace()
            register(namespace)
            for (key, value) in try pairs(call) {
                guard case .string(let name) = key else {
                    throw JinjaFailure.unsupported("a namespace with a name that is not a string")
                }
                try namespace.set(name, value)
            }
            return .namespace(namespace)
        case .raise_exception:
            let message = try call.bound(to: ["message"], "raise_exception", required: 1)[0] ?? .none
            throw JinjaFailure.raised(String(decoding: try string(message), as: UTF8.self))
        case .strftime_now:
            guard case .string(let format)? = try call.bound(to: ["format"], "strftime_now", required: 1)[0] else {
                throw JinjaFailure.python("strftime_now takes a string")
            }
            return .string(try time(format))
        case .lipsum, .cycler, .joiner, .template: throw JinjaFailure.unsupported("the function '\(function.rawValue)'")
        }
    }

    /// What `dict(...)` takes: a mapping or pairs, then names.
    private func pairs(_ call: JinjaCall) throws -> [(JinjaValue, JinjaValue)] {
        guard call.positional.count <= 1 else {
            throw JinjaFailure.python("dict expected at most 1 argument, got \(call.positional.count)")
        }
        var pairs: [(JinjaValue, JinjaValue)] = []
        if let first = call.positional.first {
            if case .dictionary(let dictionary) = first {
                pairs = Array(zip(dictionary.keys, dictionary.values))
            } else {
                if case .namespace = first { throw JinjaFailure.python("'Namespace' object is not iterable") }
                for item in try elements(first) {
                    let pair = try elements(item)
                    guard pair.count == 2 else {
                        throw JinjaFailure.python(
                            "dictionary update sequence element has length \(pair.count); 2 is required"
                        )
                    }
                    pairs.append((pair[0], pair[1]))
                }
            }
        }
        pairs += call.named.map { (.text($0.name), $0.value) }
        try chargeElements(pairs.count)
        return pairs
    }

    /// `datetime.now().strftime(format)`: C's, in its own locale, for the directives that Python leaves to it.
    private func time(_ format: [UInt8]) throws -> [UInt8] {
        guard format.count <= 256, !format.contains(0) else {
            throw JinjaFailure.limit("a date format that is too long")
        }
        guard !format.isEmpty else { return [] }
        var index = 0
        while index < format.count {
            if format[index] == UInt8(ascii: "%") {
                var next = index + 1
                if next < format.count, "-_0^#".utf8.contains(format[next]) { next += 1 }
                guard next < format.count, "aAbBcdDeFHIjklmMnpPrRSTtuUVwWxXyYGghC%".utf8.contains(format[next]) else {
                    throw JinjaFailure.unsupported(
                        "this directive of a date format: \(String(decoding: format[index..<min(next + 1, format.count)], as: UTF8.self))"
                    )
                }
                index = next
            }
            index += 1
        }
        var seconds = time_t(now().timeIntervalSince1970.rounded(.down))
        var parts = tm()
        guard localtime_r(&seconds, &parts) != nil else { throw JinjaFailure.python("the time is out of range") }
        var out = [CChar](repeating: 0, count: 16384)
        let count = strftime(&out, out.count, String(decoding: format, as: UTF8.self), &parts)
        return out.prefix(count).map { UInt8(bitPattern: $0) }
    }
}
