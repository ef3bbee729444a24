/// `for`, and the variable `loop`.
extension JinjaRendering {
    func run(_ loop: JinjaLoop) throws -> Flow {
        let values = try evaluate(loop.values)
        line = loop.line
        let source = try iterator(values)
        let state =
            loop.state == nil
            ? nil : JinjaLoopState(source, length: loop.test == nil ? length(values) : nil, depth: values.depth + 1)
        if let state { state.pull = { [unowned self] in try pull(loop, source) } }
        // A condition reads the variables around the loop, which end with it.
        defer { if loop.test != nil { state?.pull = nil } }
        /// Jinja takes a loop whose iterations all ended early for one that had none.
        var isEmpty = true
        iterating: while true {
            try charge(1)
            if let state {
                guard let item = try state.advance() else { break }
                enter(loop.frame)
                if let name = loop.state { activation.slots[name.slot] = .loop(state) }
                try assign(loop.target, item)
            } else {
                guard let item = try pull(loop, source) else { break }
                enter(loop.frame)
                try assign(loop.target, item)
            }
            switch try execute(loop.body) {
            case .normal: isEmpty = false
            case .nextIteration: break
            case .endLoop: break iterating
            }
        }
        leave(loop.frame)
        guard isEmpty, !loop.otherwise.isEmpty else { return .normal }
        enter(loop.otherwiseFrame)
        let flow = try execute(loop.otherwise)
        leave(loop.otherwiseFrame)
        return flow
    }

    /// The next item that the loop's condition lets through.
    private func pull(_ loop: JinjaLoop, _ source: JinjaIterator) throws -> JinjaValue? {
        guard let test = loop.test, let target = loop.testTarget else { return try source.next() }
        while let item = try source.next() {
            try charge(1)
            enter(loop.testFrame)
            try assign(target, item)
            if try evaluate(test).isTrue { return try stored(target, item) }
        }
        return nil
    }

    /// What an assignment stored, as Python packs it again: a tuple where it was unpacked.
    private func stored(_ target: JinjaTarget, _ item: JinjaValue) throws -> JinjaValue {
        guard case .tuple(let targets, _) = target else { return item }
        return .tuple(try JinjaSequence(try zip(targets, try elements(item)).map { try stored($0, $1) }))
    }
}

/// Items one by one.
final class JinjaIterator {
    private let items: [JinjaValue]
    private var index = 0
    private let generator: JinjaGenerator?

    init(_ items: [JinjaValue]) { (self.items, generator) = (items, nil) }
    init(_ generator: JinjaGenerator) { (items, self.generator) = ([], generator) }

    func next() throws -> JinjaValue? {
        if let generator { return try generator.next() }
        guard index < items.count else { return nil }
        index += 1
        return items[index - 1]
    }
}

/// The variable `loop`: `LoopContext` of Jinja's runtime, which reads ahead only where it is asked to.
final class JinjaLoopState {
    private let source: JinjaIterator
    private var knownLength: Int?
    let depth: Int
    /// The loop's own way to its next item; none once it ended.
    var pull: (() throws -> JinjaValue?)?
    private(set) var index0 = -1
    private(set) var previous: JinjaValue?
    private var current: JinjaValue?
    private var ahead: [JinjaValue] = []
    private var nextAhead = 0
    var lastChanged: [JinjaValue]?

    init(_ source: JinjaIterator, length: Int?, depth: Int) {
        (self.source, knownLength, self.depth) = (source, length, depth)
    }

    func advance() throws -> JinjaValue? {
        guard let item = try peek() else { return nil }
        nextAhead += 1
        if nextAhead == ahead.count { (ahead, nextAhead) = ([], 0) }
        index0 += 1
        previous = current
        current = item
        return item
    }

    func peek() throws -> JinjaValue? {
        if nextAhead < ahead.count { return ahead[nextAhead] }
        guard let item = try pull?() else { return nil }
        ahead.append(item)
        return item
    }

    func length() throws -> Int {
        if let knownLength { return knownLength }
        while let item = try pull?() { ahead.append(item) }
        let length = index0 + 1 + ahead.count - nextAhead
        knownLength = length
        return length
    }
}
