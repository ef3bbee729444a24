/// Numbers that belong together in groups: prompts of one template, questions on one passage. They are drawn, and vary,
/// by whole groups.
struct ClusteredMean: Sendable {
    /// Of every group the sum of its numbers, and how many they are, in the order of their first.
    let sums: [Double]
    let counts: [Int]
    let n: Int

    /// - Parameter clusters: the group of each number; nil: each is its own.
    init(_ values: [Double], clusters: [String]?) {
        precondition(clusters.map { $0.count == values.count } ?? true, "a group for each number")
        n = values.count
        guard let clusters else {
            sums = values
            counts = [Int](repeating: 1, count: values.count)
            return
        }
        var places: [String: Int] = [:], sums: [Double] = [], counts: [Int] = []
        for (value, cluster) in zip(values, clusters) {
            let place = places[cluster] ?? sums.count
            if place == sums.count {
                places[cluster] = place
                sums.append(0)
                counts.append(0)
            }
            sums[place] += value
            counts[place] += 1
        }
        self.sums = sums
        self.counts = counts
    }

    var mean: Double { sums.reduce(0, +) / Double(n) }

    /// Of the mean, robust to whatever groups have in common (Liang & Zeger 1986); 0 for a single group.
    var standardError: Double {
        let groups = Double(sums.count), mean = mean
        guard groups > 1 else { return 0 }
        let squares = zip(sums, counts).reduce(0) { total, group in
            let residual = group.0 - Double(group.1) * mean
            return total + residual * residual
        }
        return (groups / (groups - 1) * squares).squareRoot() / Double(n)
    }
}
