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

    /// Fisher-Yates, the same on every platform (the standard library does not promise that of its own).
    public mutating func shuffle<Element>(_ array: inout [Element]) {
        guard array.count > 1 else { return }
        for i in stride(from: array.count - 1, to: 0, by: -1) { array.swapAt(i, integer(below: i + 1)) }
    }
}

/// Keys of random streams, derived from names: (campaign seed, round, step, prompt, sample).
public enum RandomKey {
    /// SplitMix64's finalizer: a bijection that mixes all bits.
    public static func mix(_ value: UInt64) -> UInt64 {
        var z = value
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    public static func derive(_ parent: UInt64, _ child: UInt64) -> UInt64 {
        mix(parent ^ mix(child &+ 0x9E37_79B9_7F4A_7C15))
    }

    /// A name's bytes by FNV-1a, then mixed: stable across platforms and program versions.
    public static func derive(_ parent: UInt64, _ name: String) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return derive(parent, hash)
    }
}
