/// How far two texts are from each other.
package enum EditDistance {
    /// Levenshtein's distance: the fewest insertions, deletions and substitutions of one character that turn `a` into
    /// `b`.
    static func levenshtein(_ a: [Character], _ b: [Character]) -> Int {
        var row = Array(0...b.count)
        for i in 0..<a.count {
            var diagonal = row[0]
            row[0] = i + 1
            for j in 0..<b.count {
                let substituted = diagonal + (a[i] == b[j] ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(substituted, row[j] + 1, diagonal + 1)
            }
        }
        return row[b.count]
    }

    /// The name that somebody may have meant; nil where none is near.
    package static func nearest(to name: String, among names: [String]) -> String? {
        let letters = Array(name.prefix(80))
        let near = names.map { ($0, levenshtein(letters, Array($0))) }.min { $0.1 < $1.1 }
        return near.flatMap { $0.1 <= max(1, letters.count / 3) ? $0.0 : nil }
    }
}
