import Testing
import TestSupport

@testable import LocalLM
@testable import ModelFiles

/// Attention in bf16 beside its definition in Double, and a token alone beside the same token among others.
@Suite struct PairAttentionTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var dimension = 64
        var group = 3
        var window: Int?
        var softcap: Float?
        var start = 0
        var testDescription: String { "D \(dimension), group \(group), window \(window ?? 0), from \(start)" }
    }

    private static let length = 150, heads = 2

    static let cases = [
        Case(), Case(group: 1, start: 97), Case(dimension: 80, group: 4, window: 40),
        Case(dimension: 8, group: 2, window: 7, start: 33), Case(dimension: 128, group: 2, softcap: 20, start: 64),
    ]

    private func configuration(_ one: Case) -> ModelConfiguration {
        var c = TinyModels.configuration(.llama)
        c.headCount = one.group * Self.heads
        c.keyValueHeadCount = Self.heads
        c.headDimension = one.dimension
        c.layerCount = 1
        return c
    }

    @Test(arguments: cases) func aTokenGetsWhatItsDefinitionSays(_ one: Case) {
        let c = configuration(one), d = one.dimension, width = c.headCount * d, n = Self.length
        var random = RandomStream(key: 7)
        func numbers(_ count: Int) -> [Float] {
            (0..<count).map { _ in BFloat16.widened(BFloat16.rounded(Float(random.normal()))) }
        }
        let q = numbers(n * width), k = numbers(n * Self.heads * d), v = numbers(n * Self.heads * d)
        let scale = 1 / Float(d).squareRoot()
        let attention = PairAttention(dimension: d, group: one.group, scale: scale, softcap: one.softcap)

        // A slot that a sequence of other numbers was in before, whose end nothing has overwritten.
        let cache = KeyValueCache(c, slots: 2, precision: .bf16)
        cache.open(slot: 0, length: 2 * n)
        for position in 0..<2 * n {
            let rest = [Float](repeating: .infinity, count: Self.heads * d)
            cache.write(slot: 0, layer: 0, position: position, keys: rest, values: rest)
        }
        cache.open(slot: 0, length: n)
        func write(_ positions: Range<Int>, slot: Int) {
            for p in positions {
                k.withUnsafeBufferPointer { k in
                    v.withUnsafeBufferPointer { v in
                        let at = p * Self.heads * d
                        cache.write(
                            slot: slot,
                            layer: 0,
                            position: p,
                            keys: k.baseAddress! + at,
                            values: v.baseAddress! + at
                        )
                    }
                }
            }
        }
        write(0..<n, slot: 0)

        func answers(slot: Int, together: Int, from start: Int = 0) -> [UInt16] {
            let scratch = FloatBuffer(count: attention.scratchCount(tokens: together, length: n))
            let out = HalfBuffer(count: n * width)
            for head in 0..<Self.heads {
                for first in stride(from: max(start, one.start), to: n, by: together) {
                    let count = min(together, n - first), from = one.window.map { max(0, first - $0 + 1) } ?? 0
                    q.withUnsafeBufferPointer { q in
                        attention.run(
                            cache.runs(slot: slot, layer: 0, head: head, positions: from...first + count - 1),
                            position: first,
                            tokens: count,
                            queries: q.baseAddress! + first * width + head * one.group * d,
                            leading: width,
                            window: one.window,
                            scratch: scratch.pointer,
                            into: out.pointer + first * width + head * one.group * d,
                            leading: width
                        )
                    }
                }
            }
            return Array(UnsafeBufferPointer(start: out.pointer, count: n * width))
        }
        let alone = answers(slot: 0, together: 1)
        for together in [2, 5, 32, n] {
            let isEqual = answers(slot: 0, together: together) == alone
            #expect(isEqual, "\(together) tokens")
        }

        // The same sequence that begins with a shared prefix of 64 whole positions and some more.
        cache.open(slot: 1, length: n)
        write(0..<90, slot: 1)
        let prefix = cache.prefix(slot: 1, count: 90)
        cache.open(slot: 1, length: n, prefix: prefix)
        write(90..<n, slot: 1)
        let start = max(90, one.start)
        let isEqual = answers(slot: 1, together: 32, from: start)[(start * width)...] == alone[(start * width)...]
        #expect(isEqual, "with a prefix")

        var worst = 0.0
        for position in one.start..<n {
            for h in 0..<c.headCount {
                let from = one.window.map { max(0, position - $0 + 1) } ?? 0, kv = h / one.group * d
                var scores = (from...position).map { p in
                    (0..<d).reduce(0.0) {
                        $0 + Double(q[position * width + h * d + $1]) * Double(k[p * Self.heads * d + kv + $1])
                    } * Double(scale)
                }
                if let cap = one.softcap.map(Double.init) {
                    for i in scores.indices {
                        let x = (2 * scores[i] / cap).exponential()
                        scores[i] = cap * (x - 1) / (x + 1)
                    }
                }
                let peak = scores.max()!, e = scores.map { ($0 - peak).exponential() }, total = e.reduce(0, +)
                for i in 0..<d {
                    let wanted = e.indices.reduce(0.0) {
                        $0 + e[$1] / total * Double(v[(from + $1) * Self.heads * d + kv + i])
                    }
                    let got = Double(BFloat16.widened(alone[position * width + h * d + i]))
                    worst = max(worst, abs(got - wanted) / (1 + abs(wanted)))
                }
            }
        }
        #expect(worst < 0.006, "two roundings to 8 bits: \(worst)")
        #expect(worst > 0, "the comparison compares something")
    }
}
