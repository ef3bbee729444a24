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
    @Test(arguments: [1, 2, 3, 5, 6, 7, 8, 12, 14, 23]) func wideAndNarrowTilesGiveTheSameBits(rows m: Int) {
        let k = 67, a = Self.random(m * k, seed: 4), b = Self.random(k * 32, seed: 5)
        var wide = [Float](repeating: .nan, count: m * 32), narrow = wide
        Block.wide(rows: m, depth: k, a, rowStride: k, step: 1, panel: b, &wide, leading: 32, accumulate: false)
        for half in 0..<2 {
            var columns: [Float] = []
            for p in 0..<k { columns += b[(p * 32 + half * 16)...].prefix(16) }
            var part = [Float](repeating: .nan, count: m * 16)
            Block.narrow(
                rows: m,
                depth: k,
                a,
                rowStride: k,
                step: 1,
                panel: columns,
                &part,
                leading: 16,
                accumulate: false
            )
            for i in 0..<m { for j in 0..<16 { narrow[i * 32 + half * 16 + j] = part[i * 16 + j] } }
        }
        #expect(wide == narrow)
    }
}
