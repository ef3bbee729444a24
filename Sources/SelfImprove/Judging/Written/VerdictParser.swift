/// Reads the verdict out of what a judge wrote: `[[A]]`, `[[B]]`, or `[[C]]` for a tie.
///
/// Every mark of the text counts, and all must be the same, as Arena-Hard v0.1 has it; MT-Bench (FastChat) takes A
/// before B before C wherever one is found, and Arena-Hard v2.0 the last. The first rule is the safest, for a judge may
/// quote marks that it found in an answer: with its own verdict they contradict each other, and the text is unparsable;
/// where it gives no verdict of its own, a quotation says the same in both orders, which is a flip.
///
/// A mark is a letter in two pairs of brackets: in either case, also full-width, with white space, quotation marks,
/// asterisks, underscores or backquotes around the letter, white space or backslashes between the brackets, and
/// brackets also `［］` or `【】`. What a reasoning model thinks (`RawText.conclusion`) is not looked at.
///
/// Linear in the text, in constant memory.
public enum VerdictParser {
    /// `.first` for A.
    public static func parse(_ text: String) -> Reading<Verdict> {
        var found: Verdict?
        var mark = Mark()
        for scalar in RawText.conclusion(text) ?? ""[...].unicodeScalars {
            guard let verdict = mark.verdict(after: scalar) else { continue }
            if let found, found != verdict { return .unparsable(raw: RawText.bounded(text)) }
            found = verdict
        }
        return found.map { .understood($0) } ?? .unparsable(raw: RawText.bounded(text))
    }

    /// How much of a mark the last scalars are.
    private struct Mark {
        private enum Place { case outside, opened, inside, named(Verdict), closed(Verdict) }
        private var place = Place.outside

        /// The verdict of a mark that ends with this scalar.
        mutating func verdict(after scalar: Unicode.Scalar) -> Verdict? {
            switch (place, scalar) {
            case (.opened, "["), (.opened, "［"), (.opened, "【"): place = .inside
            // The last two of three brackets begin a mark as well.
            case (.inside, "["), (.inside, "［"), (.inside, "【"): break
            case (_, "["), (_, "［"), (_, "【"): place = .opened
            case (.named(let verdict), "]"), (.named(let verdict), "］"), (.named(let verdict), "】"):
                place = .closed(verdict)
            case (.closed(let verdict), "]"), (.closed(let verdict), "］"), (.closed(let verdict), "】"):
                place = .outside
                return verdict
            case (.inside, _):
                if let verdict = Self.letter(scalar) {
                    place = .named(verdict)
                } else if !Self.isOrnament(scalar), !Self.isGap(scalar) {
                    place = .outside
                }
            case (.named, _): if !Self.isOrnament(scalar), !Self.isGap(scalar) { place = .outside }
            case (.opened, _), (.closed, _): if !Self.isGap(scalar) { place = .outside }
            case (.outside, _): break
            }
            return nil
        }

        private static func letter(_ scalar: Unicode.Scalar) -> Verdict? {
            switch scalar {
            case "A", "a", "Ａ", "ａ": .first
            case "B", "b", "Ｂ", "ｂ": .second
            case "C", "c", "Ｃ", "ｃ": .tie
            default: nil
            }
        }

        private static func isGap(_ scalar: Unicode.Scalar) -> Bool { scalar == "\\" || scalar.properties.isWhitespace }

        private static func isOrnament(_ scalar: Unicode.Scalar) -> Bool {
            switch scalar {
            case "*", "_", "`", "\"", "'", "“", "”": true
            default: false
            }
        }
    }
}
