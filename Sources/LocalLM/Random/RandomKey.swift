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

    /// A seed whose first stream is that of a request's sample: `derive(seed(k, sample: s), 0) == derive(k, s)`. So a
    /// server, which derives from a seed, draws as the program itself does from a key.
    public static func seed(_ key: UInt64, sample: UInt64) -> UInt64 {
        key ^ mix(sample &+ 0x9E37_79B9_7F4A_7C15) ^ mix(0x9E37_79B9_7F4A_7C15)
    }

    /// A name's bytes by FNV-1a, then mixed: stable across platforms and program versions.
    public static func derive(_ parent: UInt64, _ name: String) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return derive(parent, hash)
    }
}
