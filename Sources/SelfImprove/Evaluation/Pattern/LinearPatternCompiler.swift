/// A parsed pattern.
indirect enum LinearPatternNode: Sendable {
    case empty
    case set(ScalarSet)
    case place(LinearPattern.Place)
    /// Its number; 0 is the whole pattern.
    case group(LinearPatternNode, Int)
    case sequence([LinearPatternNode])
    case alternatives([LinearPatternNode])
    case repeated(LinearPatternNode, least: Int, most: Int?, isLazy: Bool)
}

/// Writes the program of a pattern.
struct LinearPatternCompiler {
    /// A counted repetition is written out.
    static let mostInstructions = 5000

    private(set) var program: [LinearPattern.Instruction] = []

    mutating func emit(_ node: LinearPatternNode) throws(LinearPattern.Fault) {
        guard program.count < Self.mostInstructions else {
            throw LinearPattern.Fault(message: "repeats too much: it would be written out, ending", position: 1)
        }
        switch node {
        case .empty: break
        case .set(let set): program.append(.take(set))
        case .place(let place): program.append(.require(place))
        case .group(let inner, let number):
            program.append(.note(2 * number))
            try emit(inner)
            program.append(.note(2 * number + 1))
        case .sequence(let nodes): for node in nodes { try emit(node) }
        case .alternatives(let nodes): try emit(alternatives: nodes)
        case .repeated(let inner, let least, let most, let isLazy):
            try emit(inner, least: least, most: most, isLazy: isLazy)
        }
    }

    private mutating func emit(alternatives nodes: [LinearPatternNode]) throws(LinearPattern.Fault) {
        var ends: [Int] = []
        for (index, node) in nodes.enumerated() {
            guard index < nodes.count - 1 else {
                try emit(node)
                break
            }
            let fork = reserve()
            try emit(node)
            ends.append(reserve())
            program[fork] = .fork(fork + 1, program.count)
        }
        for end in ends { program[end] = .jump(program.count) }
    }

    private mutating func emit(_ node: LinearPatternNode, least: Int, most: Int?, isLazy: Bool)
        throws(LinearPattern.Fault)
    {
        for _ in 0..<least {
            let before = program.count
            try emit(node)
            if program.count == before { return }  // nothing, as often as one likes
        }
        func fork(at place: Int, leavingTo end: Int) -> LinearPattern.Instruction {
            isLazy ? .fork(end, place + 1) : .fork(place + 1, end)
        }
        guard let most else {
            let start = reserve()
            try emit(node)
            program.append(.jump(start))
            program[start] = fork(at: start, leavingTo: program.count)
            return
        }
        var forks: [Int] = []
        for _ in least..<most {
            forks.append(reserve())
            try emit(node)
        }
        for place in forks { program[place] = fork(at: place, leavingTo: program.count) }
    }

    /// A place for an instruction that is not known yet.
    private mutating func reserve() -> Int {
        program.append(.accept)
        return program.count - 1
    }
}
