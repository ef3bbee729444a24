import CTiles
import Testing
import TestSupport

@testable import LocalLM

/// The fast products against the naive ones.
@Suite struct PanelTests {
    private static func random(_ count: Int, seed: UInt64) -> [Float] {
        var random = RandomStream(key: seed)
        return (0..<count).map { _ in Float(random.normal()) }
    }

    private static let shapes = [
        (1, 1, 1), (6, 16, 3), (8, 32, 5), (7, 31, 9), (13, 33, 40), (29, 70, 17), (64, 48, 300), (5, 100, 261),
    ]

    @Test(arguments: shapes, [true, false]) func productsEqualTheNaiveOnes(
        shape: (m: Int, n: Int, k: Int),
        accumulate: Bool
    ) {
        let (m, n, k) = shape
        let a = Self.random(m * k, seed: 1), b = Self.random(k * n, seed: 2), start = Self.random(m * n, seed: 3)
        func naive(_ a: (Int, Int) -> Float) -> [Float] {
            (0..<(m * n)).map { place in
                let sum = (0..<k).reduce(0.0) { $0 + Double(a(place / n, $1)) * Double(b[$1 * n + place % n]) }
                return Float(sum) + (accumulate ? start[place] : 0)
            }
        }
        func isClose(_ x: [Float], _ y: [Float]) -> Bool {
            zip(x, y).allSatisfy { abs($0 - $1) < 1e-5 * Float(k).squareRoot() * 4 }
        }
        var panels = [Float](repeating: .nan, count: Panels.count(depth: k, columns: n))
        Panels.pack(rows: b, leading: n, depth: k, columns: n, into: &panels)
        var c = start
        Panels.multiply(
            rows: m,
            columns: n,
            depth: k,
            a,
            leading: k,
            panels: panels,
            &c,
            leading: n,
            accumulate: accumulate
        )
        #expect(isClose(c, naive { a[$0 * k + $1] }))

        var transposed = [Float](repeating: 0, count: n * k)
        for p in 0..<k { for j in 0..<n { transposed[j * k + p] = b[p * n + j] } }
        var same = [Float](repeating: .nan, count: panels.count)
        Panels.pack(columns: transposed, leading: k, depth: k, columns: n, into: &same)
        #expect(same == panels)

        var outer = start, scratch = [Float](repeating: .nan, count: Panels.outerScratch(rows: m))
        Panels.multiplyTransposed(
            rows: m,
            columns: n,
            depth: k,
            a,
            leading: m,
            b,
            leading: n,
            &outer,
            leading: n,
            accumulate: accumulate,
            scratch: &scratch
        )
        #expect(isClose(outer, naive { a[$1 * m + $0] }))
    }

    /// So the bytes of a model do not depend on the width of the processor's vectors.
    @Test(arguments: [1, 2, 3, 5, 6, 7, 8, 12, 14, 23]) func everyInstructionSetGivesTheSameBits(rows m: Int) {
        let k = 67, a = Self.random(m * k, seed: 4), b = Self.random(k * 32, seed: 5), c = Self.random(m * 32, seed: 6)
        let results = InstructionSet.here.map { set in
            [true, false].map { isTurned in
                var c = c
                a.withUnsafeBufferPointer { a in
                    b.withUnsafeBufferPointer { b in
                        c.withUnsafeMutableBufferPointer { c in
                            var block = ctiles_block(
                                rows: m,
                                depth: k,
                                a: a.baseAddress,
                                a_row: isTurned ? 1 : k,
                                a_step: isTurned ? m : 1,
                                panel: b.baseAddress,
                                c: c.baseAddress,
                                c_stride: 32,
                                accumulate: true
                            )
                            TileKernels(set).block(&block)
                        }
                    }
                }
                return c
            }
        }
        // By the definition: one chain, then the sum.
        func chain(_ value: (Int, Int) -> Float) -> [Float] {
            (0..<m * 32).map { place in
                c[place] + (0..<k).reduce(Float(0)) { $0.addingProduct(b[$1 * 32 + place % 32], value(place / 32, $1)) }
            }
        }
        let expected = [chain { a[$1 * m + $0] }, chain { a[$0 * k + $1] }]
        for result in results { #expect(result == expected) }
    }
}

extension InstructionSet {
    /// Those of this processor.
    static var here: [InstructionSet] { allCases.filter { $0 <= processor } }
}
