/// A number that differs from one run of the program to the next, so that no file can be made whose keys collide. No
/// result depends on it.
enum HashSeed {
    static let value = UInt64.random(in: .min ... .max)
}

extension UInt64 {
    /// SplitMix64's finalizer: a bijection that mixes all bits.
    var mixed: UInt64 {
        var z = self
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
