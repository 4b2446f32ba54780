"""Densities of both sides from Optuna 5.0.0's own Parzen estimators (MIT), for given trials, independent of random state: `tpe.json`.

Run with `pip install optuna==5.0.0`. Equal observations get their widths in the order of a sort that NumPy does not promise to be stable:
with and without AVX2 the released densities of 11 of these 48 cases differ by up to 0.2. So the sort is made stable here; it changes no
case without equal observations.
"""
import json, math, numpy as np, optuna, warnings
warnings.simplefilter("ignore"); optuna.logging.set_verbosity(optuna.logging.ERROR)
argsort = np.argsort
np.argsort = lambda a, *args, **options: argsort(a, *args, **{**options, "kind": "stable"})
from optuna.distributions import *
from optuna.samplers._tpe.sampler import _split_trials, default_gamma
D={"float":{"x":FloatDistribution(-5,10)},"log":{"lr":FloatDistribution(1e-5,1e-1,log=True)},"step":{"d":FloatDistribution(0,1,step=0.25)},
"int":{"n":IntDistribution(1,16)},"int-step":{"n":IntDistribution(16,128,step=16)},"int-log":{"n":IntDistribution(4,512,log=True)},"choice":{"c":CategoricalDistribution(["a","b","c"])},
"joint":{"x":FloatDistribution(-5,10),"lr":FloatDistribution(1e-5,1e-1,log=True),"n":IntDistribution(4,512,log=True),"c":CategoricalDistribution(["a","b","c"])}}
out=[]; rng=np.random.default_rng(7)
def draw(d):
    if isinstance(d,CategoricalDistribution): return str(rng.choice(d.choices))
    if isinstance(d,IntDistribution):
        v=math.exp(rng.uniform(math.log(d.low-.5),math.log(d.high+.5))) if d.log else rng.uniform(d.low,d.high)
        return int(min(d.high,max(d.low,d.low+round((v-d.low)/d.step)*d.step)))
    v=math.exp(rng.uniform(math.log(d.low),math.log(d.high))) if d.log else rng.uniform(d.low,d.high)
    return float(d.low+round((v-d.low)/d.step)*d.step) if d.step else float(v)
for name,space in D.items():
    for n,running in ((0,0),(1,0),(11,0),(24,3),(40,0),(120,5)):
        st=optuna.create_study(sampler=optuna.samplers.TPESampler(seed=0)); tr=[]
        for i in range(n):
            p={k:draw(d) for k,d in space.items()}; v=float(rng.normal())
            st.add_trial(optuna.trial.create_trial(params=p,distributions=space,value=v)); tr.append({"params":p,"value":v})
        for i in range(running):
            p={k:draw(d) for k,d in space.items()}; st.add_trial(optuna.trial.create_trial(params=p,distributions=space,state=optuna.trial.TrialState.RUNNING)); tr.append({"params":p,"value":None})
        s=st.sampler; trials=st.get_trials(deepcopy=False); below,above=_split_trials(st,trials,default_gamma(n))
        ml=s._build_parzen_estimator(st,space,below,handle_below=True); mg=s._build_parzen_estimator(st,space,above,handle_below=False)
        cand=[{k:draw(d) for k,d in space.items()} for _ in range(8)]
        arr={k:np.array([space[k].to_internal_repr(c[k]) for c in cand],dtype=float) for k in space}
        out.append({"space":name,"params":{k:json.loads(distribution_to_json(d)) for k,d in space.items()},"finished":n,"running":running,"trials":tr,
          "below":[t.number for t in below],"above":[t.number for t in above],"candidates":cand,"log_l":ml.log_pdf(arr).tolist(),"log_g":mg.log_pdf(arr).tolist(),
          "weights_l":ml._mixture_distribution.weights.tolist(),"weights_g":mg._mixture_distribution.weights.tolist()})
json.dump({"optuna":optuna.__version__,"note":"MIT-licensed Optuna 5.0.0, made by tpe.py; minimise; trials without value are running","cases":out},open("tpe.json","w"))
print(len(out)); c=out[2]; print(c["space"],c["below"],c["log_l"][:3],c["log_g"][:3])
