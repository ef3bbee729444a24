/// Where a training row comes from: its prompt, and through that its drafts. Nothing trains that has no drafts.
struct RowOrigin: Sendable, Equatable {
    var round: Int
    var position: Int
    /// For preference rows, the two samples.
    var chosenSample: Int?
    var rejectedSample: Int?

    static func records(_ origins: [RowOrigin], dataset: String, campaign: String) -> [DatasetRowRecord] {
        origins.enumerated().map { index, origin in
            DatasetRowRecord(
                dataset: dataset,
                row: index,
                campaign: campaign,
                round: origin.round,
                position: origin.position,
                chosenSample: origin.chosenSample,
                rejectedSample: origin.rejectedSample
            )
        }
    }
}
