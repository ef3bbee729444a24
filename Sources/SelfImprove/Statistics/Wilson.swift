extension Interval {
    /// Wilson's score interval for `correct` of `n`, 95% two-sided (Wilson 1927); it stays within 0 to 1, also at 0 and
    /// n.
    public init(correct: Int, n: Int) {
        precondition(n > 0 && correct >= 0 && correct <= n, "\(correct) right of \(n)")
        let z = 1.959963984540054
        let count = Double(n), p = Double(correct) / count
        let denominator = 1 + z * z / count
        let centre = (p + z * z / (2 * count)) / denominator
        let half = z / denominator * (p * (1 - p) / count + z * z / (4 * count * count)).squareRoot()
        self.init(value: p, low: correct == 0 ? 0 : centre - half, high: correct == n ? 1 : centre + half, n: n)
    }
}
