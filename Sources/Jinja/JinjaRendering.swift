import Foundation

/// One rendering of a template: its variables, what is written, and what is left of its budget.
final class JinjaRendering {
    enum Flow { case normal, endLoop, nextIteration }

    /// Steps a rendering may take: so many, and some for each byte of the conversation. A step is an expression or a
    /// statement, or a byte that is looked at as a character, or some bytes or elements of what is made: a fraction of
    /// a microsecond each.
    static let maximumSteps = 3_000_000
    static let stepsPerByte = 8
    static let maximumBytes = 32 << 20
    static let maximumElements = 1_000_000
    /// The stack that macros which call themselves may take: a fraction of what a thread has.
    static let maximumStack = 512 << 10

    var out: [UInt8] = []
    /// The line of what is being done, for errors.
    var line = 1
    var activation: JinjaActivation
    private let messages: JinjaValue
    private let tools: JinjaValue
    private let addsGenerationPrompt: Bool
    let now: @Sendable () -> Date
    private var steps: Int
    private var stackTop: UInt = 0
    /// What was written since `captureStart` is not part of the text yet.
    private var captures = 0
    private var captureStart = 0
    /// Generation blocks: where the text was, and what was written there: bytes, or characters where the block was
    /// captured.
    private var marks: [Mark] = []

    enum Mark {
        case bytes(Range<Int>)
        case characters(fromByte: Int, count: Int)
    }

    /// The generation blocks as ranges of `out`.
    var generated: [Range<Int>] {
        marks.map { mark in
            switch mark {
            case .bytes(let range): return range
            case .characters(let start, let count):
                var end = start, left = count
                while end < out.count, left > 0 {
                    end += PythonText.scalar(out, end).length
                    left -= 1
                }
                return start..<end
            }
        }
    }

    // What could hold itself: let go of at the end.
    private var activations: [JinjaActivation] = []
    private var namespaces: [JinjaNamespace] = []
    private var changingLoops: [JinjaLoopState] = []

    /// - Parameter bytes: of the conversation.
    init(
        slotCount: Int,
        messages: JinjaValue,
        tools: JinjaValue,
        bytes: Int,
        addsGenerationPrompt: Bool,
        now: @escaping @Sendable () -> Date
    ) {
        steps = Self.maximumSteps + Self.stepsPerByte * bytes
        activation = JinjaActivation(slotCount, nil)
        activation.isRegistered = true
        activations = [activation]
        (self.messages, self.tools, self.addsGenerationPrompt, self.now) = (messages, tools, addsGenerationPrompt, now)
    }

    func run(_ statements: [JinjaStatement], _ frame: JinjaFrame) throws {
        defer { drop() }
        stackTop = Self.stackPointer()
        do {
            enter(frame)
            _ = try execute(statements)
        } catch let failure as JinjaFailure {
            throw failure.error(line: line)
        }
    }

    private func drop() {
        for activation in activations { activation.slots = [] }
        for namespace in namespaces { namespace.values = [] }
        for loop in changingLoops { loop.lastChanged = nil }
    }

    func register(_ namespace: JinjaNamespace) { namespaces.append(namespace) }
    func register(_ loop: JinjaLoopState) { changingLoops.append(loop) }

    /// A macro holds the variables around it, which may hold the macro.
    func macro(_ definition: JinjaMacro) -> JinjaMacroValue {
        if !activation.isRegistered {
            activation.isRegistered = true
            activations.append(activation)
        }
        return JinjaMacroValue(definition, activation)
    }

    // MARK: Budget

    @inline(__always) func charge(_ count: Int) throws {
        steps &-= count
        if steps < 0 {
            throw JinjaFailure.limit(
                "too many steps: more than \(Self.maximumSteps), and \(Self.stepsPerByte) for each byte of the conversation"
            )
        }
    }

    /// Wherever a template can make this program call itself.
    @inline(__always) func checkStack() throws {
        if Int(bitPattern: stackTop &- Self.stackPointer()) > Self.maximumStack {
            throw JinjaFailure.limit(
                "more than \(Self.maximumStack >> 10) KiB of stack: a macro that calls itself, for example"
            )
        }
    }

    @inline(__always) private static func stackPointer() -> UInt {
        var here: UInt8 = 0
        return withUnsafeMutablePointer(to: &here) { UInt(bitPattern: $0) }
    }

    /// Before text of this size is made.
    func chargeBytes(_ count: Int) throws {
        guard count <= Self.maximumBytes else {
            throw JinjaFailure.limit("a text of more than \(Self.maximumBytes >> 20) MiB")
        }
        try charge(count >> 3)
    }

    /// Before a sequence of this size is made.
    func chargeElements(_ count: Int) throws {
        guard count <= Self.maximumElements else {
            throw JinjaFailure.limit("a sequence of more than \(Self.maximumElements) elements")
        }
        try charge(count &* 4)
    }

    func list(_ values: [JinjaValue]) throws -> JinjaValue {
        try chargeElements(values.count)
        return .list(try JinjaSequence(values))
    }

    func text(_ bytes: [UInt8]) throws -> JinjaValue {
        try chargeBytes(bytes.count)
        return .string(bytes)
    }

    // MARK: Variables

    @inline(__always) private func scope(_ name: JinjaName) -> JinjaActivation {
        var scope = activation
        for _ in 0..<name.hops { if let parent = scope.parent { scope = parent } }
        return scope
    }

    @inline(__always) func read(_ name: JinjaName) -> JinjaValue {
        let value = scope(name).slots[name.slot]
        if case .missing = value { return name.undefined }
        return value
    }

    func store(_ name: JinjaName, _ value: JinjaValue) { scope(name).slots[name.slot] = value }

    func enter(_ frame: JinjaFrame) {
        for (slot, load) in frame.loads {
            switch load {
            case .parameter: break
            case .clear: activation.slots[slot] = .missing
            case .copy(let name): activation.slots[slot] = scope(name).slots[name.slot]
            case .value(let value): activation.slots[slot] = value
            case .messages: activation.slots[slot] = messages
            case .tools: activation.slots[slot] = tools
            case .addsGenerationPrompt: activation.slots[slot] = .bool(addsGenerationPrompt)
            }
        }
    }

    func leave(_ frame: JinjaFrame) {
        for (slot, _) in frame.loads { activation.slots[slot] = .missing }
    }

    func assign(_ target: JinjaTarget, _ value: JinjaValue) throws {
        switch target {
        case .name(let name): store(name, value)
        case .namespace(let name, let attribute):
            guard case .namespace(let namespace) = read(name) else {
                throw JinjaFailure.python("cannot assign attribute on non-namespace object")
            }
            try namespace.set(attribute, value)
        case .tuple(let targets, let line):
            self.line = line
            let values = try elements(value)
            guard values.count == targets.count else {
                throw JinjaFailure.python(
                    "\(values.count < targets.count ? "not enough" : "too many") values to unpack (expected \(targets.count))"
                )
            }
            for (target, value) in zip(targets, values) { try assign(target, value) }
        }
    }

    // MARK: Statements

    func execute(_ statements: [JinjaStatement]) throws -> Flow {
        try checkStack()
        for statement in statements {
            try charge(1)
            switch statement {
            case .text(let text): try write(text)
            case .output(let value): try output(value)
            case .conditional(let branches, let otherwise):
                var isDone = false
                for (test, body) in branches where try evaluate(test).isTrue {
                    let flow = try execute(body)
                    if flow != .normal { return flow }
                    isDone = true
                    break
                }
                if !isDone, !otherwise.isEmpty {
                    let flow = try execute(otherwise)
                    if flow != .normal { return flow }
                }
            case .loop(let loop):
                let flow = try run(loop)
                if flow != .normal { return flow }
            case .assignment(let target, let value, let line):
                let value = try evaluate(value)
                self.line = line
                try assign(target, value)
            case .block(let block):
                let flow = try run(block)
                if flow != .normal { return flow }
            case .macro(let definition, let name): store(name, .macro(macro(definition)))
            case .call(let call, let body):
                let caller = JinjaValue.macro(macro(body))
                try write(try evaluate(call, caller: caller))
            case .generation(let body): try generation(body)
            case .endIteration(let isBreak): return isBreak ? .endLoop : .nextIteration
            }
        }
        return .normal
    }

    @inline(__always) private func write(_ text: [UInt8]) throws {
        try chargeBytes(text.count)
        guard out.count + text.count <= Self.maximumBytes else {
            throw JinjaFailure.limit("a text of more than \(Self.maximumBytes >> 20) MiB")
        }
        out += text
    }

    private func write(_ value: JinjaValue) throws {
        if case .string(let text) = value { try write(text) } else { try write(try string(value)) }
    }

    /// A sum of strings is written part by part.
    private func output(_ expression: JinjaExpression) throws {
        guard case .sum(let first, let rest) = expression.kind else { return try write(try evaluate(expression)) }
        try charge(1)
        let start = out.count
        var sum: JinjaValue?
        let value = try evaluate(first)
        if case .string(let text) = value { try write(text) } else { sum = value }
        for (isAdded, term) in rest {
            let value = try evaluate(term)
            if sum == nil, isAdded, case .string(let text) = value {
                try write(text)
            } else {
                let before = sum ?? .string(Array(out[start...]))
                line = expression.line
                sum = isAdded ? try add(before, value) : try subtract(before, value)
            }
        }
        if let sum {
            out.removeLast(out.count - start)
            try write(sum)
        }
    }

    /// What `body` writes, instead of writing it; nil where it leaves a loop.
    func capture(_ body: () throws -> Flow) throws -> (text: [UInt8], flow: Flow) {
        let start = out.count
        if captures == 0 { captureStart = start }
        captures += 1
        defer {
            captures -= 1
            out.removeLast(out.count - start)
        }
        let flow = try body()
        let text = Array(out[start...])
        try chargeBytes(text.count)
        return (text, flow)
    }

    private func run(_ block: JinjaBlock) throws -> Flow {
        if case .with(let variables) = block.kind {
            enter(block.frame)
            for (target, value) in variables {
                let value = try evaluate(value)
                line = block.line
                try assign(target, value)
            }
            let flow = try execute(block.body)
            leave(block.frame)
            return flow
        }
        enter(block.frame)
        let (text, flow) = try capture { try execute(block.body) }
        guard flow == .normal else { return flow }
        switch block.kind {
        case .assignment(let target, let filter):
            let value = try filter.map { try evaluate($0, input: .string(text)) } ?? .string(text)
            leave(block.frame)
            line = block.line
            try assign(target, value)
        case .filter(let filter):
            let value = try evaluate(filter, input: .string(text))
            leave(block.frame)
            try write(value)
        case .with: break
        }
        return .normal
    }

    /// Transformers sees only what the template's own level has written when a block ends: one that is captured, by a
    /// block around it for example, begins for it where that began.
    private func generation(_ body: JinjaMacro) throws {
        if captures == 0 {
            let start = out.count
            (captures, captureStart) = (1, start)
            defer { captures = 0 }
            try inFunction(body) { _ = try execute(body.body) }
            marks.append(.bytes(start..<out.count))
        } else {
            let text = try capture {
                try inFunction(body) { _ = try execute(body.body) }
                return .normal
            }.text
            marks.append(.characters(fromByte: captureStart, count: PythonText.count(text)))
            try write(text)
        }
    }

    /// Runs `work` among variables of its own.
    private func inFunction(_ definition: JinjaMacro, _ work: () throws -> Void) throws {
        let outer = activation
        activation = JinjaActivation(definition.slotCount, outer)
        defer { activation = outer }
        enter(definition.frame)
        try work()
    }
}
