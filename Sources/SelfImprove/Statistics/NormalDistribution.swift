import Foundation

/// The standard normal distribution.
enum NormalDistribution {
    static func cumulative(_ x: Double) -> Double { 0.5 * erfc(-x / 2.0.squareRoot()) }

    /// The value below which a share of it lies, to about 1e-15 (Acklam's rational approximation and one step of
    /// Halley's method).
    /// - Parameter share: between 0 and 1.
    static func quantile(_ share: Double) -> Double {
        guard share > 0 else { return -.infinity }
        guard share < 1 else { return .infinity }
        let x = approximate(share)
        let error = cumulative(x) - share
        let step = error * (2 * Double.pi).squareRoot() * exp(x * x / 2)
        return x - step / (1 + x * step / 2)
    }

    private static func approximate(_ share: Double) -> Double {
        func polynomial(_ x: Double, _ coefficients: [Double]) -> Double {
            coefficients.reduce(0) { $0 * x + $1 }
        }
        let a = [
            -39.69683028665376, 220.9460984245205, -275.9285104469687, 138.3577518672690, -30.66479806614716,
            2.506628277459239,
        ]
        let b = [-54.47609879822406, 161.5858368580409, -155.6989798598866, 66.80131188771972, -13.28068155288572, 1]
        let c = [
            -0.007784894002430293, -0.3223964580411365, -2.400758277161838, -2.549732539343734, 4.374664141464968,
            2.938163982698783,
        ]
        let d = [0.007784695709041462, 0.3224671290700398, 2.445134137142996, 3.754408661907416, 1]
        let tail = 0.02425
        if share < tail {
            let q = (-2 * log(share)).squareRoot()
            return polynomial(q, c) / polynomial(q, d)
        }
        if share > 1 - tail { return -approximate(1 - share) }
        let q = share - 0.5
        return q * polynomial(q * q, a) / polynomial(q * q, b)
    }
}
