/// Counter-based random numbers: the n-th draw depends on the key and n alone (SplitMix64 over a Weyl sequence;
/// Steele, Lea & Flood 2014), so a stream can be opened anywhere, by anyone, in any order.
public struct RandomStream: RandomNumberGenerator, Sendable {
    private var state: UInt64

    public init(key: UInt64) { state = key }

    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        return RandomKey.mix(state)
    }

    /// Uniform in [0, 1), 53 bits.
    public mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }

    /// Uniform in 0..<bound.
    public mutating func integer(below bound: Int) -> Int {
        precondition(bound > 0, "a number below \(bound)")
        return Int(next().multipliedFullWidth(by: UInt64(bound)).high)
    }

    /// Standard normal (Box-Muller; two draws each).
    public mutating func normal() -> Double {
        let u = 1 - uniform(), v = uniform()
        return (-2 * u.logarithm()).squareRoot() * (2 * Double.pi * v).cosine()
    }

    /// Fisher-Yates, the same on every platform (the standard library does not promise that for `shuffle`).
    public mutating func shuffle<Element>(_ array: inout [Element]) {
        guard array.count > 1 else { return }
        for i in stride(from: array.count - 1, to: 0, by: -1) { array.swapAt(i, integer(below: i + 1)) }
    }

    /// A choice of `count` of the elements in their own order; all of them, and no draw, where there are no more.
    public mutating func choice<Element>(_ count: Int, of elements: [Element]) -> [Element] {
        if elements.count <= count { return elements }
        var chosen = Array(elements.indices)
        shuffle(&chosen)
        return chosen.prefix(count).sorted().map { elements[$0] }
    }
}
