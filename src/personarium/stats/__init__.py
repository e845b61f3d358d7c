"""Pure numerics on arrays: intervals, tests, agreement, calibration, distances, scales, pass@k, power."""

from __future__ import annotations

from typing import TYPE_CHECKING

from personarium.core.exports import lazy_exports

if TYPE_CHECKING:
    from personarium.stats.agentic_randomness import RandomnessConfig as RandomnessConfig
    from personarium.stats.agentic_randomness import RandomnessReport as RandomnessReport
    from personarium.stats.agentic_randomness import summarize as summarize
    from personarium.stats.agreement import cohens_kappa as cohens_kappa
    from personarium.stats.agreement import krippendorff_alpha as krippendorff_alpha
    from personarium.stats.agreement import pairwise_accuracy as pairwise_accuracy
    from personarium.stats.bradley_terry_model import BradleyTerry as BradleyTerry
    from personarium.stats.bradley_terry_model import bradley_terry as bradley_terry
    from personarium.stats.bradley_terry_model import separations as separations
    from personarium.stats.calibration import BrierParts as BrierParts
    from personarium.stats.calibration import ReliabilityBin as ReliabilityBin
    from personarium.stats.calibration import auprc as auprc
    from personarium.stats.calibration import auroc as auroc
    from personarium.stats.calibration import brier_parts as brier_parts
    from personarium.stats.calibration import brier_score as brier_score
    from personarium.stats.calibration import calibrated_error as calibrated_error
    from personarium.stats.calibration import expected_calibration_error as expected_calibration_error
    from personarium.stats.calibration import maximum_calibration_error as maximum_calibration_error
    from personarium.stats.calibration import reliability_curve as reliability_curve
    from personarium.stats.calibrators import BinningCalibrator as BinningCalibrator
    from personarium.stats.calibrators import Calibrator as Calibrator
    from personarium.stats.calibrators import IsotonicCalibrator as IsotonicCalibrator
    from personarium.stats.calibrators import cross_calibrated as cross_calibrated
    from personarium.stats.calibrators import fit_binning as fit_binning
    from personarium.stats.calibrators import fit_isotonic as fit_isotonic
    from personarium.stats.calibrators import folds_of as folds_of
    from personarium.stats.calibrators import load_calibrator as load_calibrator
    from personarium.stats.comparisons import Comparison as Comparison
    from personarium.stats.corrections import benjamini_hochberg as benjamini_hochberg
    from personarium.stats.corrections import bonferroni as bonferroni
    from personarium.stats.corrections import holm as holm
    from personarium.stats.correlation import kendall_tau_b as kendall_tau_b
    from personarium.stats.correlation import pearson as pearson
    from personarium.stats.correlation import spearman as spearman
    from personarium.stats.distances import binned_js_distance as binned_js_distance
    from personarium.stats.distances import jensen_shannon_distance as jensen_shannon_distance
    from personarium.stats.distances import jensen_shannon_divergence as jensen_shannon_divergence
    from personarium.stats.distances import ks_statistic as ks_statistic
    from personarium.stats.distances import sample_distance as sample_distance
    from personarium.stats.distances import shares_of as shares_of
    from personarium.stats.distances import total_variation as total_variation
    from personarium.stats.distances import wasserstein_1 as wasserstein_1
    from personarium.stats.divergence import DivergenceReport as DivergenceReport
    from personarium.stats.divergence import FirstDivergence as FirstDivergence
    from personarium.stats.divergence import divergence_of_runs as divergence_of_runs
    from personarium.stats.divergence import first_divergence as first_divergence
    from personarium.stats.forecasts import Bins as Bins
    from personarium.stats.glicko import Glicko2Config as Glicko2Config
    from personarium.stats.glicko import PeriodUpdate as PeriodUpdate
    from personarium.stats.glicko import Ratings as Ratings
    from personarium.stats.glicko import deviation_floor as deviation_floor
    from personarium.stats.glicko import glicko2 as glicko2
    from personarium.stats.glicko import informative_pairs as informative_pairs
    from personarium.stats.glicko import newcomers as newcomers
    from personarium.stats.glicko import rate_period as rate_period
    from personarium.stats.glicko import win_probability as win_probability
    from personarium.stats.independence import Association as Association
    from personarium.stats.independence import chi_square as chi_square
    from personarium.stats.independence import contingency_table as contingency_table
    from personarium.stats.independence import g_test as g_test
    from personarium.stats.independence import hsic as hsic
    from personarium.stats.independence import kci as kci
    from personarium.stats.independence import rcit as rcit
    from personarium.stats.independent import auc as auc
    from personarium.stats.independent import cohens_d as cohens_d
    from personarium.stats.independent import cohens_d_from_summary as cohens_d_from_summary
    from personarium.stats.independent import difference_of_shares as difference_of_shares
    from personarium.stats.independent import mann_whitney as mann_whitney
    from personarium.stats.independent import pooled_t as pooled_t
    from personarium.stats.independent import welch_from_summary as welch_from_summary
    from personarium.stats.independent import welch_t as welch_t
    from personarium.stats.intervals import bootstrap as bootstrap
    from personarium.stats.intervals import bootstrap_limits as bootstrap_limits
    from personarium.stats.intervals import bootstrap_mean as bootstrap_mean
    from personarium.stats.intervals import mean_interval as mean_interval
    from personarium.stats.intervals import nested_bootstrap as nested_bootstrap
    from personarium.stats.intervals import two_sided_p as two_sided_p
    from personarium.stats.intervals import wilson as wilson
    from personarium.stats.likelihood import accuracy_at as accuracy_at
    from personarium.stats.likelihood import conditional_perplexity as conditional_perplexity
    from personarium.stats.likelihood import perplexity_estimate as perplexity_estimate
    from personarium.stats.outcomes import Outcomes as Outcomes
    from personarium.stats.outcomes import read_outcomes as read_outcomes
    from personarium.stats.paired import mcnemar as mcnemar
    from personarium.stats.paired import mcnemar_of as mcnemar_of
    from personarium.stats.paired import paired_bootstrap as paired_bootstrap
    from personarium.stats.paired import paired_t as paired_t
    from personarium.stats.paired import sign_flip_test as sign_flip_test
    from personarium.stats.paired import wilcoxon_signed_rank as wilcoxon_signed_rank
    from personarium.stats.passk import PassK as PassK
    from personarium.stats.passk import PassKTable as PassKTable
    from personarium.stats.passk import pass_at_k as pass_at_k
    from personarium.stats.passk import pass_k_from_counts as pass_k_from_counts
    from personarium.stats.passk import pass_k_table as pass_k_table
    from personarium.stats.passk import pass_pow_k as pass_pow_k
    from personarium.stats.power import RunsNeeded as RunsNeeded
    from personarium.stats.power import items_needed as items_needed
    from personarium.stats.power import min_detectable_effect as min_detectable_effect
    from personarium.stats.power import power_paired_t as power_paired_t
    from personarium.stats.power import power_two_sample_t as power_two_sample_t
    from personarium.stats.power import runs_needed as runs_needed
    from personarium.stats.ratings import Games as Games
    from personarium.stats.ratings import elo as elo
    from personarium.stats.ratings import elo_over_orders as elo_over_orders
    from personarium.stats.ratings import games_of as games_of
    from personarium.stats.reliability import OneFactor as OneFactor
    from personarium.stats.reliability import Reliability as Reliability
    from personarium.stats.reliability import SplitHalf as SplitHalf
    from personarium.stats.reliability import alpha_if_deleted as alpha_if_deleted
    from personarium.stats.reliability import cronbach_alpha as cronbach_alpha
    from personarium.stats.reliability import item_rest_correlations as item_rest_correlations
    from personarium.stats.reliability import omega_from_loadings as omega_from_loadings
    from personarium.stats.reliability import omega_total as omega_total
    from personarium.stats.reliability import one_factor as one_factor
    from personarium.stats.reliability import reliability_of as reliability_of
    from personarium.stats.reliability import reliable_change as reliable_change
    from personarium.stats.reliability import spearman_brown as spearman_brown
    from personarium.stats.reliability import split_half as split_half
    from personarium.stats.reliability import standard_error_of_measurement as standard_error_of_measurement
    from personarium.stats.scales import Keyed as Keyed
    from personarium.stats.scales import ScaleKey as ScaleKey
    from personarium.stats.scales import ScaleScores as ScaleScores
    from personarium.stats.scales import complete_rows as complete_rows
    from personarium.stats.scales import from_keyed_answers as from_keyed_answers
    from personarium.stats.scales import key_answers as key_answers
    from personarium.stats.scales import scale_scores as scale_scores
    from personarium.stats.selective import CoveragePoint as CoveragePoint
    from personarium.stats.selective import best_risk_coverage_area as best_risk_coverage_area
    from personarium.stats.selective import coverage_curve as coverage_curve
    from personarium.stats.selective import risk_coverage_area as risk_coverage_area
    from personarium.stats.sequential import Decision as Decision
    from personarium.stats.sequential import betting_interval as betting_interval
    from personarium.stats.sequential import betting_path as betting_path
    from personarium.stats.sequential import decide as decide
    from personarium.stats.sequential import first_side as first_side
    from personarium.stats.sequential import more_items as more_items
    from personarium.stats.two_samples import Sample as Sample
    from personarium.stats.two_samples import nominal_distances as nominal_distances
    from personarium.stats.two_samples import numeric_distances as numeric_distances
    from personarium.stats.weighted import weighted_mean as weighted_mean
    from personarium.stats.weighted import weighted_share as weighted_share

_EXPORTS = {
    "Association": "personarium.stats.independence",
    "BinningCalibrator": "personarium.stats.calibrators",
    "Bins": "personarium.stats.forecasts",
    "BradleyTerry": "personarium.stats.bradley_terry_model",
    "BrierParts": "personarium.stats.calibration",
    "Calibrator": "personarium.stats.calibrators",
    "Comparison": "personarium.stats.comparisons",
    "CoveragePoint": "personarium.stats.selective",
    "Decision": "personarium.stats.sequential",
    "DivergenceReport": "personarium.stats.divergence",
    "FirstDivergence": "personarium.stats.divergence",
    "Games": "personarium.stats.ratings",
    "Glicko2Config": "personarium.stats.glicko",
    "IsotonicCalibrator": "personarium.stats.calibrators",
    "Keyed": "personarium.stats.scales",
    "OneFactor": "personarium.stats.reliability",
    "Outcomes": "personarium.stats.outcomes",
    "PassK": "personarium.stats.passk",
    "PassKTable": "personarium.stats.passk",
    "PeriodUpdate": "personarium.stats.glicko",
    "RandomnessConfig": "personarium.stats.agentic_randomness",
    "RandomnessReport": "personarium.stats.agentic_randomness",
    "Ratings": "personarium.stats.glicko",
    "Reliability": "personarium.stats.reliability",
    "ReliabilityBin": "personarium.stats.calibration",
    "RunsNeeded": "personarium.stats.power",
    "Sample": "personarium.stats.two_samples",
    "ScaleKey": "personarium.stats.scales",
    "ScaleScores": "personarium.stats.scales",
    "SplitHalf": "personarium.stats.reliability",
    "accuracy_at": "personarium.stats.likelihood",
    "alpha_if_deleted": "personarium.stats.reliability",
    "auc": "personarium.stats.independent",
    "auprc": "personarium.stats.calibration",
    "auroc": "personarium.stats.calibration",
    "benjamini_hochberg": "personarium.stats.corrections",
    "best_risk_coverage_area": "personarium.stats.selective",
    "betting_interval": "personarium.stats.sequential",
    "betting_path": "personarium.stats.sequential",
    "binned_js_distance": "personarium.stats.distances",
    "bonferroni": "personarium.stats.corrections",
    "bootstrap": "personarium.stats.intervals",
    "bootstrap_limits": "personarium.stats.intervals",
    "bootstrap_mean": "personarium.stats.intervals",
    "bradley_terry": "personarium.stats.bradley_terry_model",
    "brier_parts": "personarium.stats.calibration",
    "brier_score": "personarium.stats.calibration",
    "calibrated_error": "personarium.stats.calibration",
    "chi_square": "personarium.stats.independence",
    "cohens_d": "personarium.stats.independent",
    "cohens_d_from_summary": "personarium.stats.independent",
    "cohens_kappa": "personarium.stats.agreement",
    "complete_rows": "personarium.stats.scales",
    "conditional_perplexity": "personarium.stats.likelihood",
    "contingency_table": "personarium.stats.independence",
    "coverage_curve": "personarium.stats.selective",
    "cronbach_alpha": "personarium.stats.reliability",
    "cross_calibrated": "personarium.stats.calibrators",
    "decide": "personarium.stats.sequential",
    "deviation_floor": "personarium.stats.glicko",
    "difference_of_shares": "personarium.stats.independent",
    "divergence_of_runs": "personarium.stats.divergence",
    "elo": "personarium.stats.ratings",
    "elo_over_orders": "personarium.stats.ratings",
    "expected_calibration_error": "personarium.stats.calibration",
    "first_divergence": "personarium.stats.divergence",
    "first_side": "personarium.stats.sequential",
    "fit_binning": "personarium.stats.calibrators",
    "fit_isotonic": "personarium.stats.calibrators",
    "folds_of": "personarium.stats.calibrators",
    "from_keyed_answers": "personarium.stats.scales",
    "g_test": "personarium.stats.independence",
    "games_of": "personarium.stats.ratings",
    "glicko2": "personarium.stats.glicko",
    "holm": "personarium.stats.corrections",
    "hsic": "personarium.stats.independence",
    "informative_pairs": "personarium.stats.glicko",
    "item_rest_correlations": "personarium.stats.reliability",
    "items_needed": "personarium.stats.power",
    "jensen_shannon_distance": "personarium.stats.distances",
    "jensen_shannon_divergence": "personarium.stats.distances",
    "kci": "personarium.stats.independence",
    "kendall_tau_b": "personarium.stats.correlation",
    "key_answers": "personarium.stats.scales",
    "krippendorff_alpha": "personarium.stats.agreement",
    "ks_statistic": "personarium.stats.distances",
    "load_calibrator": "personarium.stats.calibrators",
    "mann_whitney": "personarium.stats.independent",
    "maximum_calibration_error": "personarium.stats.calibration",
    "mcnemar": "personarium.stats.paired",
    "mcnemar_of": "personarium.stats.paired",
    "mean_interval": "personarium.stats.intervals",
    "min_detectable_effect": "personarium.stats.power",
    "more_items": "personarium.stats.sequential",
    "nested_bootstrap": "personarium.stats.intervals",
    "newcomers": "personarium.stats.glicko",
    "nominal_distances": "personarium.stats.two_samples",
    "numeric_distances": "personarium.stats.two_samples",
    "omega_from_loadings": "personarium.stats.reliability",
    "omega_total": "personarium.stats.reliability",
    "one_factor": "personarium.stats.reliability",
    "paired_bootstrap": "personarium.stats.paired",
    "paired_t": "personarium.stats.paired",
    "pairwise_accuracy": "personarium.stats.agreement",
    "pass_at_k": "personarium.stats.passk",
    "pass_k_from_counts": "personarium.stats.passk",
    "pass_k_table": "personarium.stats.passk",
    "pass_pow_k": "personarium.stats.passk",
    "pearson": "personarium.stats.correlation",
    "perplexity_estimate": "personarium.stats.likelihood",
    "pooled_t": "personarium.stats.independent",
    "power_paired_t": "personarium.stats.power",
    "power_two_sample_t": "personarium.stats.power",
    "rate_period": "personarium.stats.glicko",
    "rcit": "personarium.stats.independence",
    "read_outcomes": "personarium.stats.outcomes",
    "reliability_curve": "personarium.stats.calibration",
    "reliability_of": "personarium.stats.reliability",
    "reliable_change": "personarium.stats.reliability",
    "risk_coverage_area": "personarium.stats.selective",
    "runs_needed": "personarium.stats.power",
    "sample_distance": "personarium.stats.distances",
    "scale_scores": "personarium.stats.scales",
    "separations": "personarium.stats.bradley_terry_model",
    "shares_of": "personarium.stats.distances",
    "sign_flip_test": "personarium.stats.paired",
    "spearman": "personarium.stats.correlation",
    "spearman_brown": "personarium.stats.reliability",
    "split_half": "personarium.stats.reliability",
    "standard_error_of_measurement": "personarium.stats.reliability",
    "summarize": "personarium.stats.agentic_randomness",
    "total_variation": "personarium.stats.distances",
    "two_sided_p": "personarium.stats.intervals",
    "wasserstein_1": "personarium.stats.distances",
    "weighted_mean": "personarium.stats.weighted",
    "weighted_share": "personarium.stats.weighted",
    "welch_from_summary": "personarium.stats.independent",
    "welch_t": "personarium.stats.independent",
    "wilcoxon_signed_rank": "personarium.stats.paired",
    "wilson": "personarium.stats.intervals",
    "win_probability": "personarium.stats.glicko",
}

__all__, __getattr__, __dir__ = lazy_exports(__name__, _EXPORTS)
