"""Matrix completion by other means, to compare with: SoftImpute, minimum nuclear norm, OptSpace."""
