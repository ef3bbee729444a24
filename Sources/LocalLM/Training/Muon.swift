import CSIMD

/// Muon (Jordan 2024): momentum whose update is replaced by the nearest orthogonal matrix.
///
/// B = mu B + (1 - mu) G; U = (1 - mu) G + mu B (Nesterov); W = W (1 - lr decay) - lr sqrt(max(1, rows / columns))
/// NS5(U). NS5 is five steps of the quintic Newton-Schulz iteration X <- a X + (b A + c A^2) X, A = X X^T.
///
/// We deviate in how NS5 is computed, not in what: all its factors are polynomials of A, so they commute and are
/// symmetric. We iterate on the small Gram matrix alone, P_k = a + b A_k + c A_k^2, A_{k+1} = P_k A_k P_k, and multiply
/// X by the product of the P_k once. On 128 x 384 that is under half of the arithmetic, and only one triangle is
/// computed.
final class Muon: @unchecked Sendable {
    static let momentum: Float = 0.95
    static let coefficients: (a: Float, b: Float, c: Float) = (3.4445, -4.7750, 2.0315)
    static let iterations = 5

    let momenta: FloatBuffer

    init(count: Int) { momenta = FloatBuffer(count: count) }

    /// Scratch for one worker, sized for the largest matrix.
    final class Scratch: @unchecked Sendable {
        fileprivate let update, transposed, gram, square, product, next, panels: FloatBuffer
        init(tensors: [TensorSpecification]) {
            let largest = tensors.map(\.count).max() ?? 0
            let small = tensors.map { min($0.shape[0], $0.shape[1]) }.max() ?? 0
            let long = tensors.map { max($0.shape[0], $0.shape[1]) }.max() ?? 0
            update = FloatBuffer(count: largest)
            transposed = FloatBuffer(count: largest)
            gram = FloatBuffer(count: small * small)
            square = FloatBuffer(count: small * small)
            product = FloatBuffer(count: small * small)
            next = FloatBuffer(count: small * small)
            panels = FloatBuffer(count: Panels.count(depth: max(small, long), columns: max(small, long)))
        }
    }

    /// Updates one matrix of the flat buffer.
    func update(
        _ weights: UnsafeMutablePointer<Float>,
        _ gradients: UnsafePointer<Float>,
        tensor: TensorSpecification,
        gradientScale: Float,
        learningRate: Double,
        weightDecay: Double,
        scratch s: Scratch
    ) {
        let rows = tensor.shape[0], columns = tensor.shape[1], offset = tensor.offset, count = tensor.count
        let mu = Self.momentum
        let g = gradients + offset, b = momenta.pointer + offset, u = s.update.pointer
        var sum = 0.0
        for i in 0..<count {
            let gi = g[i] * gradientScale
            b[i] = mu * b[i] + (1 - mu) * gi
            u[i] = (1 - mu) * gi + mu * b[i]
        }
        for r in 0..<rows { sum += Double(VectorMath.dot(u + r * columns, u + r * columns, columns)) }
        let inverse = Float(1 / (sum.squareRoot() + 1e-7))
        for i in 0..<count { u[i] *= inverse }
        let result = orthogonalize(rows: rows, columns: columns, s)
        let w = weights + offset
        let keep = Float(1 - learningRate * weightDecay)
        let size = Float(learningRate * max(1, Double(rows) / Double(columns)).squareRoot())
        for i in 0..<count { w[i] = w[i] * keep - size * result[i] }
    }

    /// NS5 of `scratch.update` (norm at most 1); the result lies in one of the scratch buffers, in the same
    /// orientation.
    private func orthogonalize(rows: Int, columns: Int, _ s: Scratch) -> UnsafeMutablePointer<Float> {
        let n = min(rows, columns), long = max(rows, columns)
        let u = s.update.pointer
        // The Gram matrix of the short side.
        if rows <= columns {
            Panels.pack(columns: u, leading: columns, depth: columns, columns: rows, into: s.panels.pointer)
            Symmetric.multiply(
                size: n,
                depth: long,
                u,
                leading: columns,
                panels: s.panels.pointer,
                into: s.gram.pointer
            )
        } else {
            transpose(u, rows: rows, columns: columns, into: s.transposed.pointer)
            Panels.pack(rows: u, leading: columns, depth: rows, columns: columns, into: s.panels.pointer)
            Symmetric.multiply(
                size: n,
                depth: long,
                s.transposed.pointer,
                leading: rows,
                panels: s.panels.pointer,
                into: s.gram.pointer
            )
        }
        let (a, b, c) = Self.coefficients
        var gram = s.gram.pointer, polynomial = s.square.pointer, product = s.product.pointer, spare = s.next.pointer
        let panels = s.panels.pointer
        for iteration in 0..<Self.iterations {
            // P = a I + b A + c A^2
            Panels.pack(rows: gram, leading: n, depth: n, columns: n, into: panels)
            Symmetric.multiply(size: n, depth: n, gram, leading: n, panels: panels, into: polynomial)
            for i in 0..<(n * n) { polynomial[i] = b * gram[i] + c * polynomial[i] }
            for i in 0..<n { polynomial[i * n + i] += a }
            if iteration == 0 {
                product.update(from: polynomial, count: n * n)
            } else {
                Panels.pack(rows: product, leading: n, depth: n, columns: n, into: panels)
                Symmetric.multiply(size: n, depth: n, polynomial, leading: n, panels: panels, into: spare)
                swap(&product, &spare)
            }
            if iteration + 1 < Self.iterations {
                // A <- P A P
                Panels.pack(rows: gram, leading: n, depth: n, columns: n, into: panels)
                Symmetric.multiply(size: n, depth: n, polynomial, leading: n, panels: panels, into: spare)
                Panels.pack(rows: polynomial, leading: n, depth: n, columns: n, into: panels)
                Symmetric.multiply(size: n, depth: n, spare, leading: n, panels: panels, into: gram)
            }
        }
        let result = s.transposed.pointer
        if rows <= columns {
            Panels.pack(rows: u, leading: columns, depth: rows, columns: columns, into: panels)
            Panels.multiply(
                rows: rows,
                columns: columns,
                depth: rows,
                product,
                leading: n,
                panels: panels,
                result,
                leading: columns,
                accumulate: false
            )
        } else {
            Panels.pack(rows: product, leading: n, depth: n, columns: n, into: panels)
            Panels.multiply(
                rows: rows,
                columns: columns,
                depth: columns,
                u,
                leading: columns,
                panels: panels,
                result,
                leading: columns,
                accumulate: false
            )
        }
        return result
    }
}

/// Rows become columns.
private func transpose(_ from: UnsafePointer<Float>, rows: Int, columns: Int, into to: UnsafeMutablePointer<Float>) {
    guard rows % 8 == 0, columns % 8 == 0 else {
        for r in 0..<rows { for c in 0..<columns { to[c * rows + r] = from[r * columns + c] } }
        return
    }
    for r in stride(from: 0, to: rows, by: 8) {
        for c in stride(from: 0, to: columns, by: 8) {
            csimd_transpose8(from + r * columns + c, columns, to + c * rows + r, rows)
        }
    }
}

/// Products that are known to be symmetric: tiles on and above the diagonal are computed, the rest is mirrored.
enum Symmetric {
    static func multiply(
        size n: Int,
        depth k: Int,
        _ a: UnsafePointer<Float>,
        leading lda: Int,
        panels: UnsafePointer<Float>,
        into c: UnsafeMutablePointer<Float>
    ) {
        var j = 0
        var panel = panels
        while j < n {
            let width = min(Panels.width, n - j)
            Block.multiply(
                rows: min(n, j + Panels.width),
                columns: width,
                depth: k,
                a,
                rowStride: lda,
                step: 1,
                panel: panel,
                c + j,
                leading: n,
                accumulate: false
            )
            panel += Panels.width * k
            j += Panels.width
        }
        mirror(c, size: n)
    }

    /// Everything below the diagonal becomes what is above it, in blocks of 8 x 8 where they lie wholly below.
    private static func mirror(_ c: UnsafeMutablePointer<Float>, size n: Int) {
        for top in stride(from: 0, to: n, by: 8) {
            let isWhole = top + 8 <= n
            if isWhole {
                for left in stride(from: 0, to: top, by: 8) {
                    csimd_transpose8(c + left * n + top, n, c + top * n + left, n)
                }
            }
            for i in top..<min(top + 8, n) {
                for j in (isWhole ? top : 0)..<max(i, isWhole ? top : 0) { c[i * n + j] = c[j * n + i] }
            }
        }
    }
}
