from recsys.fitting import cross_validate as cross_validate
from recsys.fitting import fit as fit
