/// Which sequences of a call begin alike, and how many of their tokens are computed once for all of them.
///
/// Sequences that share a prefix are neighbours in the order of their ids; those that share at least so many tokens
/// form intervals there, nested like a tree (the intervals of longest common prefixes of a suffix array, Abouelhoda et
/// al. 2004). A group is an interval; those that save the most tokens together are chosen.
enum PrefixPlan {
    struct Entry: Equatable {
        /// Of the sequence.
        var index: Int
        /// Tokens that it shares with the entries around it; 0: it is computed alone.
        var shared: Int
    }

    /// Groups that save less are not worth a pass through the layers of their own.
    static let least = Decoder.chunk

    /// The sequences in the order to compute them in: group by group, then those of no group, as they were given.
    /// - Parameters:
    ///   - sequences: their ids.
    ///   - limits: how many tokens of each may be shared, less than it has: the last one is computed for its logits.
    static func entries(_ sequences: [[Int]], limits: [Int]) -> [Entry] {
        let order = sequences.indices.sorted { a, b in
            sequences[a].lexicographicallyPrecedes(sequences[b]) || (sequences[a] == sequences[b] && a < b)
        }
        var groups = groups(order.count) { place in
            let a = order[place - 1], b = order[place]
            let common = zip(sequences[a], sequences[b]).prefix { $0 == $1 }.count
            return min(common, limits[a], limits[b])
        }.map { (members: order[$0.places].sorted(), shared: $0.shared) }
        groups.sort { $0.members[0] < $1.members[0] }
        var entries: [Entry] = []
        entries.reserveCapacity(sequences.count)
        for group in groups { entries += group.members.map { Entry(index: $0, shared: group.shared) } }
        let grouped = Set(entries.map(\.index))
        return entries + sequences.indices.filter { !grouped.contains($0) }.map { Entry(index: $0, shared: 0) }
    }

    /// - Parameters:
    ///   - count: of sorted sequences.
    ///   - common: what the one at a place shares with the one before it.
    /// - Returns: disjoint intervals of places, and how many tokens each shares.
    private static func groups(_ count: Int, common: (Int) -> Int) -> [(places: Range<Int>, shared: Int)] {
        var groups: [(places: Range<Int>, shared: Int)] = []
        // Intervals that are not at their end, each within the one before it, with what their parts save.
        var open = [(shared: 0, first: 0, saved: 0, parts: 0)]
        for end in stride(from: 1, through: count, by: 1) {
            let shared = end < count ? common(end) : 0
            var (first, saved, parts) = (end - 1, 0, groups.count)
            while let last = open.last, last.shared > shared {
                open.removeLast()
                (first, saved, parts) = (last.first, last.saved + saved, last.parts)
                let whole = (end - first - 1) * last.shared
                if whole >= max(saved, least) {
                    groups.removeSubrange(parts...)
                    groups.append((first..<end, last.shared))
                    saved = whole
                }
            }
            if open[open.count - 1].shared < shared {
                open.append((shared, first, saved, parts))
            } else {
                open[open.count - 1].saved += saved
            }
        }
        return groups
    }
}
