/// Which of a task's choices a text names.
enum ChoiceText {
    /// The choice that ends last in the text, as a word or phrase of its own: a conclusion comes after what it weighs,
    /// and "New York" is no "York". Where choices occur in just the letters of the list, others do not count: with A to
    /// D, the article in "B is a good answer" is no choice.
    ///
    /// The flexible extraction of lm-evaluation-harness takes the last match, too.
    static func last(of choices: [String], in text: [Unicode.Scalar]) -> String? {
        let wanted = choices.map { Array($0.unicodeScalars) }
        if let exact = last(wanted, text) { return choices[exact] }
        return last(wanted.map { $0.map(\.folded) }, text.map(\.folded)).map { choices[$0] }
    }

    private static func last(_ choices: [[Unicode.Scalar]], _ text: [Unicode.Scalar]) -> Int? {
        var best: (end: Int, length: Int, choice: Int)?
        for (index, choice) in choices.enumerated() {
            guard let end = lastEnd(of: choice, in: text) else { continue }
            if best.map({ (end, choice.count) > ($0.end, $0.length) }) ?? true { best = (end, choice.count, index) }
        }
        return best?.choice
    }

    private static func lastEnd(of choice: [Unicode.Scalar], in text: [Unicode.Scalar]) -> Int? {
        guard let first = choice.first, let last = choice.last, choice.count <= text.count else { return nil }
        func isWord(_ index: Int) -> Bool { text.indices.contains(index) && ScalarSet.Class.word.contains(text[index]) }
        for start in stride(from: text.count - choice.count, through: 0, by: -1) where text[start] == first {
            let end = start + choice.count
            guard text[start..<end].elementsEqual(choice) else { continue }
            let isWhole =
                !(ScalarSet.Class.word.contains(first) && isWord(start - 1))
                && !(ScalarSet.Class.word.contains(last) && isWord(end))
            if isWhole { return end }
        }
        return nil
    }
}

extension Unicode.Scalar {
    /// In small letters, where those are one scalar.
    fileprivate var folded: Unicode.Scalar {
        let small = properties.lowercaseMapping.unicodeScalars
        return small.count == 1 ? small.first! : self
    }
}
