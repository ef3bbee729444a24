/// Finds where every variable is kept, with Jinja's rules (`idtracking.py`), which are not Python's: a loop, a macro, a
/// block that is captured and a `with` have scopes of their own; what is assigned there ends with them, and on the way
/// in it is a copy of what the name meant outside. An `if` has no scope.
///
/// A name that a scope stores before it reads it begins as the copy, or as undefined; one that it only reads is the
/// outer one.
struct JinjaScopes {
    /// Of one function. More are refused, for joining the branches of an `if` takes time by their number.
    let maximumSlots: Int
    /// What the names mean that no statement defines.
    let context: (String) -> JinjaFrame.Load?

    /// The frame of the template itself, and how many slots it takes.
    func resolve(_ template: [JinjaStatement]) throws -> (frame: JinjaFrame, slotCount: Int) {
        let function = Function(depth: 0, maximumSlots)
        let symbols = Symbols(in: function, under: nil)
        visit(template, symbols)
        guard !function.isFull else { throw JinjaFailure.limit("more than \(maximumSlots) variables").error(line: 1) }
        try bind(template, symbols)
        guard !function.isFull else { throw JinjaFailure.limit("more than \(maximumSlots) variables").error(line: 1) }
        return (frame(symbols), function.slotCount)
    }

    private final class Function {
        let depth: Int
        var slotCount = 0
        /// One slot for a name at a level, however many scopes of that level there are one after the other.
        private var slots: [String: Int] = [:]

        private let maximumSlots: Int

        init(depth: Int, _ maximumSlots: Int) { (self.depth, self.maximumSlots) = (depth, maximumSlots) }

        var isFull: Bool { slotCount > maximumSlots }

        func slot(_ name: String, level: Int, _ kind: String) -> Int {
            let key = "\(level) \(kind) \(name)"
            if let slot = slots[key] { return slot }
            slots[key] = slotCount
            slotCount += 1
            return slotCount - 1
        }
    }

    private struct Place: Hashable { let functionDepth: Int, slot: Int }

    private final class Symbols {
        enum Load { case parameter, clear, copy(Place), resolve(String) }

        let function: Function, parent: Symbols?, level: Int
        /// Tells the scope of a loop's condition from that of its body, which live at the same time.
        let kind: String
        var refs: [String: Place] = [:]
        var loads: [Place: Load] = [:]
        var stores: Set<String> = []

        init(in function: Function, under parent: Symbols?, kind: String = "") {
            (self.function, self.parent, self.kind) = (function, parent, kind.isEmpty ? parent?.kind ?? "" : kind)
            level = parent.map { $0.level + 1 } ?? 0
        }

        init(copy other: Symbols) {
            (function, parent, level, kind) = (other.function, other.parent, other.level, other.kind)
            (refs, loads, stores) = (other.refs, other.loads, other.stores)
        }

        func find(_ name: String) -> Place? { refs[name] ?? parent?.find(name) }

        private func define(_ name: String, _ load: Load) {
            guard !function.isFull else { return }
            let place = Place(functionDepth: function.depth, slot: function.slot(name, level: level, kind))
            refs[name] = place
            loads[place] = load
        }

        func store(_ name: String) {
            stores.insert(name)
            guard refs[name] == nil else { return }
            define(name, parent?.find(name).map { .copy($0) } ?? .clear)
        }

        func declareParameter(_ name: String) {
            stores.insert(name)
            define(name, .parameter)
        }

        func load(_ name: String) {
            if find(name) == nil { define(name, .resolve(name)) }
        }

        /// What the branches of an `if` store may be stored or not: it begins as what the name means outside.
        func join(_ all: [Symbols]) {
            // Names are only ever added: a branch with as many as before has changed nothing.
            let branches = all.filter {
                $0.refs.count != refs.count || $0.loads.count != loads.count || $0.stores.count != stores.count
            }
            var stored: Set<String> = []
            for branch in branches { stored.formUnion(branch.stores) }
            stored.subtract(stores)
            for branch in branches {
                refs.merge(branch.refs) { $1 }
                loads.merge(branch.loads) { $1 }
                stores.formUnion(branch.stores)
            }
            for name in stored {
                if let place = find(name) { loads[place] = parent?.find(name).map { .copy($0) } ?? .resolve(name) }
            }
        }
    }

    // MARK: What a scope reads and stores

    private func visit(_ statements: [JinjaStatement], _ symbols: Symbols) {
        for statement in statements {
            switch statement {
            case .text, .generation, .endIteration: break
            case .output(let value): visit(value, symbols)
            case .conditional(let branches, let otherwise): visit(branches[...], otherwise, symbols)
            case .loop(let loop): visit(loop.values, symbols)
            case .assignment(let target, let value, _):
                visit(value, symbols)
                visit(target, symbols, isParameter: false)
            case .block(let block):
                switch block.kind {
                case .assignment(let target, _): visit(target, symbols, isParameter: false)
                case .filter(let filter): visit(filter, symbols)
                case .with(let variables): for (_, value) in variables { visit(value, symbols) }
                }
            case .macro(_, let name): symbols.store(name.text)
            case .call(let call, _): visit(call, symbols)
            }
        }
    }

    /// A chain of branches; what follows the first is an `if` of its own, as Jinja has it.
    private func visit(
        _ branches: ArraySlice<(test: JinjaExpression, body: [JinjaStatement])>,
        _ otherwise: [JinjaStatement],
        _ symbols: Symbols
    ) {
        guard let first = branches.first, !symbols.function.isFull else { return }
        visit(first.test, symbols)
        let body = Symbols(copy: symbols), others = Symbols(copy: symbols), last = Symbols(copy: symbols)
        visit(first.body, body)
        for branch in branches.dropFirst() { visit([branch], [], others) }
        visit(otherwise, last)
        symbols.join([body, others, last])
    }

    private func visit(_ expression: JinjaExpression, _ symbols: Symbols) {
        if case .name(let name) = expression.kind { symbols.load(name.text) }
        expression.kind.forEachChild { visit($0, symbols) }
    }

    private func visit(_ target: JinjaTarget, _ symbols: Symbols, isParameter: Bool) {
        switch target {
        case .name(let name): isParameter ? symbols.declareParameter(name.text) : symbols.store(name.text)
        case .namespace(let name, _): symbols.load(name.text)
        case .tuple(let targets, _): for target in targets { visit(target, symbols, isParameter: isParameter) }
        }
    }

    // MARK: Binding

    private func frame(_ symbols: Symbols) -> JinjaFrame {
        var frame = JinjaFrame()
        for (place, load) in symbols.loads.sorted(by: { $0.key.slot < $1.key.slot }) {
            switch load {
            case .parameter: frame.loads.append((place.slot, .parameter))
            case .clear: frame.loads.append((place.slot, .clear))
            case .copy(let outer):
                let name = JinjaName("", line: 0)
                (name.hops, name.slot) = (symbols.function.depth - outer.functionDepth, outer.slot)
                frame.loads.append((place.slot, .copy(name)))
            case .resolve(let name): frame.loads.append((place.slot, context(name) ?? .clear))
            }
        }
        return frame
    }

    private func bind(_ name: JinjaName, _ symbols: Symbols) throws {
        guard !symbols.function.isFull else {
            throw JinjaFailure.limit("more than \(maximumSlots) variables").error(line: name.line)
        }
        guard let place = symbols.find(name.text) else {
            throw JinjaFailure.unsupported("the variable '\(name.text)' here").error(line: name.line)
        }
        (name.hops, name.slot) = (symbols.function.depth - place.functionDepth, place.slot)
    }

    private func bind(_ target: JinjaTarget, _ symbols: Symbols) throws {
        switch target {
        case .name(let name), .namespace(let name, _): try bind(name, symbols)
        case .tuple(let targets, _): for target in targets { try bind(target, symbols) }
        }
    }

    private func bind(_ expression: JinjaExpression, _ symbols: Symbols) throws {
        if case .name(let name) = expression.kind { try bind(name, symbols) }
        try expression.kind.forEachChild { try bind($0, symbols) }
    }

    private func bind(_ statements: [JinjaStatement], _ symbols: Symbols) throws {
        for statement in statements {
            switch statement {
            case .text, .endIteration: break
            case .output(let value): try bind(value, symbols)
            case .conditional(let branches, let otherwise):
                for branch in branches {
                    try bind(branch.test, symbols)
                    try bind(branch.body, symbols)
                }
                try bind(otherwise, symbols)
            case .loop(let loop): try bind(loop, symbols)
            case .assignment(let target, let value, _):
                try bind(target, symbols)
                try bind(value, symbols)
            case .block(let block): try bind(block, symbols)
            case .macro(let macro, let name):
                try bind(macro, symbols)
                try bind(name, symbols)
            case .call(let call, let body):
                try bind(body, symbols)
                try bind(call, symbols)
            case .generation(let body): try bind(body, symbols)
            }
        }
    }

    private func bind(_ loop: JinjaLoop, _ symbols: Symbols) throws {
        let inner = Symbols(in: symbols.function, under: symbols)
        var undeclared = Undeclared(["loop"])
        undeclared.visit(loop.body)
        let usesState = undeclared.found.contains("loop")
        if usesState { inner.declareParameter("loop") }
        visit(loop.target, inner, isParameter: true)
        visit(loop.body, inner)
        guard !Undeclared.stores("loop", [.loop(loop)]) else {
            throw JinjaFailure.python("cannot assign to the variable 'loop' in a loop").error(line: loop.line)
        }
        if let test = loop.test, let target = loop.testTarget {
            let condition = Symbols(
                in: symbols.function,
                under: symbols,
                kind: "condition \(loop.line) \(symbols.function.slotCount)"
            )
            visit(target, condition, isParameter: true)
            visit(test, condition)
            try bind(target, condition)
            try bind(test, condition)
            loop.testFrame = frame(condition)
        }
        try bind(loop.values, symbols)
        try bind(loop.target, inner)
        if usesState {
            let state = JinjaName("loop", line: loop.line)
            try bind(state, inner)
            loop.state = state
        }
        try bind(loop.body, inner)
        loop.frame = frame(inner)
        let otherwise = Symbols(in: symbols.function, under: symbols)
        visit(loop.otherwise, otherwise)
        try bind(loop.otherwise, otherwise)
        loop.otherwiseFrame = frame(otherwise)
    }

    private func bind(_ block: JinjaBlock, _ symbols: Symbols) throws {
        let inner = Symbols(in: symbols.function, under: symbols)
        switch block.kind {
        case .assignment(let target, let filter):
            visit(block.body, inner)
            try bind(block.body, inner)
            try bind(target, symbols)
            if let filter {
                // Jinja looks here only for what the body names as well; a name of the filter alone it cannot find.
                try bind(filter, inner)
            }
        case .filter(let filter):
            visit(block.body, inner)
            visit(filter, inner)
            try bind(block.body, inner)
            try bind(filter, inner)
        case .with(let variables):
            for (target, _) in variables { visit(target, inner, isParameter: true) }
            visit(block.body, inner)
            for (target, value) in variables {
                try bind(target, inner)
                try bind(value, symbols)
            }
            try bind(block.body, inner)
        }
        block.frame = frame(inner)
    }

    private func bind(_ macro: JinjaMacro, _ symbols: Symbols) throws {
        let function = Function(depth: symbols.function.depth + 1, maximumSlots)
        let inner = Symbols(in: function, under: symbols)
        var undeclared = Undeclared(["caller", "kwargs", "varargs"])
        undeclared.visit(macro.body)
        for parameter in macro.parameters { inner.declareParameter(parameter.text) }
        for value in macro.defaults { visit(value, inner) }
        visit(macro.body, inner)
        let names = macro.parameters.map(\.text)
        macro.hasExplicitCaller = names.contains("caller")
        func special(_ name: String) throws -> JinjaName? {
            guard undeclared.found.contains(name), !names.contains(name) else { return nil }
            inner.declareParameter(name)
            let parameter = JinjaName(name, line: macro.line)
            try bind(parameter, inner)
            return parameter
        }
        if macro.hasExplicitCaller, undeclared.found.contains("caller"), let place = names.firstIndex(of: "caller"),
            place < names.count - macro.defaults.count
        {
            throw JinjaFailure.python("the argument 'caller' must be omitted or be given a default").error(
                line: macro.line
            )
        }
        macro.caller = try special("caller")
        macro.keywords = try special("kwargs")
        macro.variadic = try special("varargs")
        for parameter in macro.parameters { try bind(parameter, inner) }
        for value in macro.defaults { try bind(value, inner) }
        try bind(macro.body, inner)
        guard !function.isFull else {
            throw JinjaFailure.limit("more than \(maximumSlots) variables").error(line: macro.line)
        }
        macro.frame = frame(inner)
        macro.slotCount = function.slotCount
    }
}

/// Which of some names are read before they are stored, at any depth: `find_undeclared` of Jinja's compiler.
private struct Undeclared {
    private var names: Set<String>
    private(set) var found: Set<String> = []
    private var stored: Set<String> = []

    init(_ names: Set<String>) { self.names = names }

    /// Whether a name is stored anywhere in these.
    static func stores(_ name: String, _ statements: [JinjaStatement]) -> Bool {
        var walk = Undeclared([])
        walk.visit(statements)
        return walk.stored.contains(name)
    }

    mutating func visit(_ statements: [JinjaStatement]) {
        for statement in statements {
            switch statement {
            case .text, .endIteration: break
            case .output(let value): visit(value)
            case .conditional(let branches, let otherwise):
                for (test, body) in branches {
                    visit(test)
                    visit(body)
                }
                visit(otherwise)
            case .loop(let loop):
                visit(loop.target)
                visit(loop.values)
                visit(loop.body)
                visit(loop.otherwise)
                if let test = loop.test { visit(test) }
            case .assignment(let target, let value, _):
                visit(target)
                visit(value)
            case .block(let block):
                switch block.kind {
                case .assignment(let target, let filter):
                    visit(target)
                    if let filter { visit(filter) }
                    visit(block.body)
                case .filter(let filter):
                    visit(block.body)
                    visit(filter)
                case .with(let variables):
                    for (target, _) in variables { visit(target) }
                    for (_, value) in variables { visit(value) }
                    visit(block.body)
                }
            case .macro(let macro, _): visit(macro)
            case .call(let call, let macro):
                visit(call)
                visit(macro)
            case .generation(let macro): visit(macro)
            }
        }
    }

    private mutating func visit(_ macro: JinjaMacro) {
        for parameter in macro.parameters { names.remove(parameter.text) }
        for value in macro.defaults { visit(value) }
        visit(macro.body)
    }

    private mutating func visit(_ target: JinjaTarget) {
        switch target {
        case .name(let name):
            names.remove(name.text)
            stored.insert(name.text)
        case .namespace: break
        case .tuple(let targets, _): for target in targets { visit(target) }
        }
    }

    private mutating func visit(_ expression: JinjaExpression) {
        if case .name(let name) = expression.kind, names.contains(name.text) { found.insert(name.text) }
        expression.kind.forEachChild { child in visit(child) }
    }
}
