/// Runs a pattern over one text: a list of places in the program, in the order of preference, moves from scalar to
/// scalar. No place is in a list twice, so a scalar costs at most a step for every instruction.
struct LinearPatternMachine {
    /// Steps for one text, all its matches together: a second or so. A search that runs to the end of a long text for
    /// every one of many matches would take them all.
    static let mostSteps = 20_000_000

    private let pattern: LinearPattern
    private let text: [Unicode.Scalar]
    private var stepsLeft = mostSteps
    private var pending: [Pending] = []

    private(set) var isExhausted = false

    /// Places in the program, each with what its thread noted so far.
    private struct Threads {
        var places: [Int] = []
        var notes: [Int] = []
        /// By place, the position for which it was last added.
        var added: [Int]

        init(_ program: Int) { added = [Int](repeating: -1, count: program) }

        mutating func clear() {
            places.removeAll(keepingCapacity: true)
            notes.removeAll(keepingCapacity: true)
        }
    }

    private enum Pending {
        case visit(Int)
        /// After all that follows from a note was visited.
        case restore(note: Int, Int)
    }

    init(_ pattern: LinearPattern, _ text: [Unicode.Scalar]) {
        self.pattern = pattern
        self.text = text
    }

    /// The notes of the first match that begins at `start` or after it; nil where there is none.
    mutating func match(from start: Int) -> [Int]? {
        var found: [Int]?
        let fresh = [Int](repeating: -1, count: pattern.notes)
        var current = Threads(pattern.program.count), next = current
        for position in start...text.count {
            if found == nil { add(0, fresh, position, to: &current) }
            if current.places.isEmpty, found != nil { break }
            next.clear()
            for (index, place) in current.places.enumerated() {
                stepsLeft -= 1
                let notes = current.notes[index * pattern.notes..<(index + 1) * pattern.notes]
                if case .accept = pattern.program[place] {
                    found = Array(notes)
                    break  // what follows in the list is less preferred
                }
                guard case .take(let set) = pattern.program[place], position < text.count,
                    set.contains(text[position], ignoringCase: pattern.ignoresCase)
                else { continue }
                add(place + 1, Array(notes), position + 1, to: &next)
            }
            guard stepsLeft > 0 else {
                isExhausted = true
                return nil
            }
            swap(&current, &next)
        }
        return found
    }

    /// Adds a place, and all that are reached from it without taking a scalar.
    private mutating func add(_ place: Int, _ notes: [Int], _ position: Int, to threads: inout Threads) {
        var notes = notes
        pending.append(.visit(place))
        while let entry = pending.popLast() {
            switch entry {
            case .restore(let note, let value): notes[note] = value
            case .visit(let place):
                guard threads.added[place] != position else { continue }
                threads.added[place] = position
                stepsLeft -= 1
                switch pattern.program[place] {
                case .jump(let target): pending.append(.visit(target))
                case .fork(let first, let second):
                    pending.append(.visit(second))
                    pending.append(.visit(first))
                case .note(let note):
                    pending.append(.restore(note: note, notes[note]))
                    notes[note] = position
                    pending.append(.visit(place + 1))
                case .require(let required): if holds(required, position) { pending.append(.visit(place + 1)) }
                case .take, .accept:
                    threads.places.append(place)
                    threads.notes += notes
                }
            }
        }
    }

    private func holds(_ place: LinearPattern.Place, _ position: Int) -> Bool {
        func isWord(_ index: Int) -> Bool {
            text.indices.contains(index) && ScalarSet.Class.word.contains(text[index])
        }
        let isEdge = { isWord(position - 1) != isWord(position) }
        return switch place {
        case .textStart: position == 0
        case .textEnd: position == text.count || (position == text.count - 1 && text[position] == "\n")
        case .veryEnd: position == text.count
        case .lineStart: position == 0 || text[position - 1] == "\n"
        case .lineEnd: position == text.count || text[position] == "\n"
        case .wordEdge: isEdge()
        case .noWordEdge: !isEdge()
        }
    }
}
