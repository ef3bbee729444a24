extension Duration {
    /// As a number of seconds, for rates and records.
    public var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
